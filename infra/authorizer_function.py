"""The function that tells whose credential a request has."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.python_function import Code, PythonFunction
from infra.settings import Oidc, Settings


class AuthorizerFunction(PythonFunction):
    """Knows clients by their API keys, or by tokens of the OIDC issuer."""

    def __init__(self, scope: Construct, name: str, *, settings: Settings, durable_table: dynamodb.ITable) -> None:
        environment = {"DURABLE_TABLE_NAME": durable_table.table_name, **_variables(settings.oidc)}
        super().__init__(scope, name, Code("authorizer", 10), settings, environment)
        durable_table.grant(self, "dynamodb:GetItem")


def _variables(oidc: Oidc | None) -> dict[str, str]:
    if oidc is None:
        return {}
    return {
        "OIDC_ISSUER": oidc.issuer,
        "OIDC_AUDIENCE": oidc.audience,
        "OIDC_JWKS_URI": oidc.jwks_uri or "",
        "OIDC_ALGORITHMS": " ".join(oidc.algorithms),
        "OIDC_CLIENT_CLAIMS": " ".join(oidc.client_claims),
    }
