"""The function behind the HTTP API, and what it may do."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.python_function import PythonFunction
from infra.settings import Settings
from infra.storage import Storage


class SearchFunction(PythonFunction):
    """Searches one Amazon Connect instance."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        settings: Settings,
        storage: Storage,
    ) -> None:
        instance_arn = settings.connect_instance_arn
        super().__init__(
            scope,
            name,
            folder="search",
            timeout=cdk.Duration.seconds(29),
            environment={
                "CONNECT_INSTANCE_ID": instance_arn.rsplit("/", 1)[-1],
                "CORS_ORIGINS": " ".join(settings.cors_origins),
                "CURSOR_KEY_ID": storage.cursor_key.key_arn,
                "DURABLE_TABLE_NAME": storage.durable_table.table_name,
                "TRANSIENT_TABLE_NAME": storage.transient_table.table_name,
            },
        )
        storage.cursor_key.grant(self, "kms:GenerateMac")
        storage.transient_table.grant(self, "dynamodb:GetItem", "dynamodb:UpdateItem")
        # Grants, but not the hashes of API keys.
        self._may(
            ["dynamodb:GetItem"],
            storage.durable_table.table_arn,
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["client *"]}},
        )
        # Attribute search asks for GetContactAttributes on the instance's contacts.
        # Source: service authorization reference, "Actions defined by Amazon Connect".
        self._may(["connect:SearchContacts"], instance_arn)
        self._may(["connect:GetContactAttributes"], f"{instance_arn}/contact/*")

    def _may(
        self, actions: list[str], resource: str, conditions: dict[str, dict[str, list[str]]] | None = None
    ) -> None:
        self.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions))
