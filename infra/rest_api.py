"""The REST API: which paths and methods exist, which of them want a credential."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.gateway_responses import add_gateway_responses

COMPRESSED_FROM = 1024  # bytes

# The methods with a credential, and those without. ANY is for the preflight request and for the answer 405, which tells
# what the path does answer.
_METHODS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "/v1/contacts": (("GET", "HEAD"), ("ANY",)),
    "/v1/contacts/search": (("POST",), ("ANY",)),
    "/health": ((), ("GET", "HEAD", "ANY")),
    "/openapi.json": ((), ("GET", "HEAD", "ANY")),
    "/docs": ((), ("GET", "HEAD", "ANY")),
}


class ContactSearchApi(apigateway.RestApi):
    """One resource a path, with the methods that it answers; ANY of the others goes to the function for its 405."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        search: lambda_.IFunction,
        authorizer: lambda_.IFunction,
        cors_origins: list[str],
    ) -> None:
        super().__init__(
            scope,
            name,
            rest_api_name="contact-search",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            min_compression_size=cdk.Size.bytes(COMPRESSED_FROM),
            cloud_watch_role=False,
            api_key_source_type=apigateway.ApiKeySourceType.AUTHORIZER,
            deploy_options=apigateway.StageOptions(stage_name="live"),
        )
        integration = apigateway.LambdaIntegration(search, allow_test_invoke=False)
        # A cache of API Gateway's would want all its identity sources in each request, where one of two is there.
        by_credential = apigateway.RequestAuthorizer(
            self, "Authorizer", handler=authorizer, identity_sources=[], results_cache_ttl=cdk.Duration.seconds(0)
        )
        for path, (protected, free) in _METHODS.items():
            resource = self.root.resource_for_path(path)
            for method in protected:
                resource.add_method(method, integration, authorizer=by_credential, api_key_required=True)
            for method in free:
                resource.add_method(method, integration)
        add_gateway_responses(self, cors_origins)
