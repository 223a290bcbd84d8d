"""The stack: the search function behind a REST API, and who may use it."""

import aws_cdk as cdk
from constructs import Construct

from infra.authorizer_function import AuthorizerFunction
from infra.rest_api import ContactSearchApi
from infra.search_function import SearchFunction
from infra.settings import Settings
from infra.storage import Storage
from infra.usage_plans import UsagePlans


class ContactSearchStack(cdk.Stack):
    """Contacts of one Amazon Connect instance over HTTP."""

    def __init__(self, scope: Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name)
        storage = Storage(self, "Storage")
        search = SearchFunction(self, "SearchFunction", settings=settings, storage=storage)
        authorizer = AuthorizerFunction(
            self, "AuthorizerFunction", durable_table=storage.durable_table, oidc=settings.oidc
        )
        api = ContactSearchApi(self, "Api", search=search, authorizer=authorizer, cors_origins=settings.cors_origins)
        plans = UsagePlans(self, "UsagePlans", api=api)
        # What scripts/clients looks for.
        cdk.CfnOutput(self, "DurableTableName", value=storage.durable_table.table_name)
        for plan, plan_id in plans.ids.items():
            cdk.CfnOutput(self, f"{plan.title()}UsagePlanId", value=plan_id)
