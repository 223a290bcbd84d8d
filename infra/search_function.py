"""The function behind the HTTP API, and what it may do."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.python_function import Code, PythonFunction
from infra.settings import Settings
from infra.storage import Storage

# What the function's environment and the stage's settings call alike.
_PASSED_ON = (
    *("quota_rate", "quota_burst", "wait_seconds"),
    *("page_seconds", "closed_page_seconds", "now_rounded_to_seconds"),
)


class SearchFunction(PythonFunction):
    """Searches one Amazon Connect instance."""

    def __init__(self, scope: Construct, name: str, *, settings: Settings, storage: Storage) -> None:
        instance_arn = settings.connect_instance_arn
        environment = {
            "CONNECT_INSTANCE_ID": instance_arn.rsplit("/", 1)[-1],
            "CORS_ORIGINS": " ".join(settings.cors_origins),
            "CURSOR_KEY_IDS": " ".join(key.key_arn for key in storage.cursor_keys),
            "DURABLE_TABLE_NAME": storage.durable_table.table_name,
            "TRANSIENT_TABLE_NAME": storage.transient_table.table_name,
            **{name.upper(): f"{getattr(settings, name):g}" for name in _PASSED_ON},
        }
        super().__init__(scope, name, Code("search", 29), settings, environment)
        for key in storage.cursor_keys:
            key.grant(self, "kms:GenerateMac")
        storage.transient_table.grant(self, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        # Grants, but not the hashes of API keys.
        self._may(
            "dynamodb:GetItem",
            storage.durable_table.table_arn,
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["client *"]}},
        )
        # Attribute search asks for GetContactAttributes on the instance's contacts.
        # Source: service authorization reference, "Actions defined by Amazon Connect".
        self._may("connect:SearchContacts", instance_arn)
        self._may("connect:GetContactAttributes", f"{instance_arn}/contact/*")
        if not settings.transcript_search:
            self._may(
                "connect:SearchContacts",
                instance_arn,
                {"StringEquals": {"connect:SearchContactsByContactAnalysis": ["Transcript"]}},
                effect=iam.Effect.DENY,
            )

    def _may(
        self,
        action: str,
        resource: str,
        conditions: dict[str, dict[str, list[str]]] | None = None,
        effect: iam.Effect = iam.Effect.ALLOW,
    ) -> None:
        self.add_to_role_policy(
            iam.PolicyStatement(effect=effect, actions=[action], resources=[resource], conditions=conditions)
        )
