"""The function that tells whose credential a request has."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.python_function import PythonFunction
from infra.settings import Oidc


class AuthorizerFunction(PythonFunction):
    """Knows clients by their API keys, or by tokens of the OIDC issuer."""

    def __init__(self, scope: Construct, name: str, *, durable_table: dynamodb.ITable, oidc: Oidc | None) -> None:
        super().__init__(
            scope,
            name,
            folder="authorizer",
            timeout=cdk.Duration.seconds(10),
            environment={"DURABLE_TABLE_NAME": durable_table.table_name, **_variables(oidc)},
        )
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
