"""The REST API: which paths and methods exist, which of them want a credential, and where it can be reached."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.gateway_responses import add_gateway_responses
from infra.log_group import LogGroup
from infra.settings import Domain, Settings

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
# Documents are large and cost no search: a few a second are enough for everybody.
_DOCUMENTS = apigateway.MethodDeploymentOptions(throttling_rate_limit=10, throttling_burst_limit=50)
# Neither the query nor the path as it was sent: search text is nobody's business.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "client": "$context.authorizer.principalId",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "response_length": "$context.responseLength",
    "latency": "$context.responseLatency",
    "function_latency": "$context.integrationLatency",
    "authorizer_latency": "$context.authorizer.latency",
    "gateway_response": "$context.error.responseType",
    "address": "$context.identity.sourceIp",
    "time": "$context.requestTimeEpoch",
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
        settings: Settings,
    ) -> None:
        logs = LogGroup(scope, f"{name}AccessLogs", retention_days=settings.log_retention_days)
        super().__init__(
            scope,
            name,
            rest_api_name="contact-search",
            endpoint_configuration=_endpoint(scope, settings.vpc_endpoint_ids),
            policy=_from_endpoints(settings.vpc_endpoint_ids) if settings.vpc_endpoint_ids else None,
            disable_execute_api_endpoint=settings.domain is not None,
            min_compression_size=cdk.Size.bytes(COMPRESSED_FROM),
            cloud_watch_role=settings.api_gateway_logs_role,
            api_key_source_type=apigateway.ApiKeySourceType.AUTHORIZER,
            deploy_options=apigateway.StageOptions(
                stage_name="live",
                throttling_rate_limit=settings.throttle.rate,
                throttling_burst_limit=settings.throttle.burst,
                method_options={"/docs/GET": _DOCUMENTS, "/openapi.json/GET": _DOCUMENTS},
                access_log_destination=apigateway.LogGroupLogDestination(logs),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
                metrics_enabled=True,
            ),
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
        add_gateway_responses(self, settings.cors_origins)
        if settings.domain:
            self._add_domain(settings.domain)

    def _add_domain(self, domain: Domain) -> None:
        certificate = certificates.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
        added = self.add_domain_name(
            "Domain",
            domain_name=domain.name,
            certificate=certificate,
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )
        # Where the domain's DNS record has to lead.
        cdk.CfnOutput(self, "DomainTarget", value=added.domain_name_alias_domain_name)


def _endpoint(scope: Construct, vpc_endpoint_ids: list[str] | None) -> apigateway.EndpointConfiguration:
    if not vpc_endpoint_ids:
        return apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL])
    endpoints = [
        ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
            scope, f"VpcEndpoint{number}", vpc_endpoint_id=endpoint_id, port=443
        )
        for number, endpoint_id in enumerate(vpc_endpoint_ids)
    ]
    return apigateway.EndpointConfiguration(types=[apigateway.EndpointType.PRIVATE], vpc_endpoints=endpoints)


def _from_endpoints(vpc_endpoint_ids: list[str]) -> iam.PolicyDocument:
    """A private API lets nobody in without a policy: here those who come through these endpoints."""
    through = {"StringEquals": {"aws:SourceVpce": vpc_endpoint_ids}}
    invoke = iam.PolicyStatement(
        principals=[iam.AnyPrincipal()],
        actions=["execute-api:Invoke"],
        resources=["execute-api:/*"],
        conditions=through,
    )
    return iam.PolicyDocument(statements=[invoke])
