"""The stack: the search function behind a REST API, who may use it, and how it is watched."""

import aws_cdk as cdk
from constructs import Construct

from infra.alarms import Alarms
from infra.authorizer_function import AuthorizerFunction
from infra.dashboard import Dashboard
from infra.metrics import Metrics
from infra.rest_api import ContactSearchApi
from infra.rollout import Rollout
from infra.search_function import SearchFunction
from infra.settings import Settings
from infra.storage import Storage
from infra.usage_plans import UsagePlans
from infra.web_acl import WebAcl


class ContactSearchStack(cdk.Stack):
    """Contacts of one Amazon Connect instance over HTTP."""

    def __init__(self, scope: Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name)
        storage = Storage(self, "Storage", cursor_keys=settings.cursor_keys)
        search = SearchFunction(self, "SearchFunction", settings=settings, storage=storage)
        authorizer = AuthorizerFunction(
            self, "AuthorizerFunction", settings=settings, durable_table=storage.durable_table
        )
        api = ContactSearchApi(self, "Api", search=search.live, authorizer=authorizer.live, settings=settings)
        plans = UsagePlans(self, "UsagePlans", api=api, plans=settings.usage_plans)
        if settings.requests_per_address:
            WebAcl(self, "WebAcl", api=api, requests_per_address=settings.requests_per_address)
        Metrics(self, "Metrics", search_logs=search.logs, authorizer_logs=authorizer.logs)
        alarms = Alarms(self, "Alarms", api=api, search=search, email=settings.alarm_email)
        Rollout(self, "Rollout", alias=search.live, alarms=alarms.rollback, settings=settings)
        Dashboard(self, "Dashboard", api=api, quota_rate=settings.quota_rate)
        for key, value in settings.tags.items():
            cdk.Tags.of(self).add(key, value)
        # What scripts/clients looks for.
        cdk.CfnOutput(self, "DurableTableName", value=storage.durable_table.table_name)
        for plan, plan_id in plans.ids.items():
            cdk.CfnOutput(self, f"{plan.title()}UsagePlanId", value=plan_id)
