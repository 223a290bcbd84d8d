"""The REST API: its routes, its throttles and usage plans, and the address where it can be reached."""

import json
from collections.abc import Iterator, Mapping

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contact_search.api.route_table import EXPLORER_FILES, HEALTH, OTHER_PATHS, ROUTES, Route
from infra import settings as stage_settings
from infra.gateway_responses import add_gateway_responses
from infra.logs import LogGroups
from infra.settings import Domain, Settings

COMPRESSED_FROM = 1024  # bytes

# Whoever sends these needs no credential, so no usage plan limits them: their own throttles keep a flood of them from
# using up the throttle of the whole stage.
_DOCUMENTS = apigateway.MethodDeploymentOptions(throttling_rate_limit=10, throttling_burst_limit=50)
_EXPLORER_FILES = apigateway.MethodDeploymentOptions(throttling_rate_limit=50, throttling_burst_limit=500)
_HEALTH_CHECKS = apigateway.MethodDeploymentOptions(throttling_rate_limit=10, throttling_burst_limit=50)
_PREFLIGHTS = apigateway.MethodDeploymentOptions(throttling_rate_limit=50, throttling_burst_limit=200)
_THROTTLE_BY_PATH = {HEALTH.path: _HEALTH_CHECKS, EXPLORER_FILES.path: _EXPLORER_FILES}

# Neither the query nor the path as it was sent: both may hold search text.
_ACCESS_LOG = {
    "request_id": "$context.requestId",
    "client": "$context.authorizer.principalId",
    "user": "$context.authorizer.user",  # a pseudonym, which only tokens have
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
    """Serve the routes of the route table. ANY of a path's other methods goes to the function, which answers 405."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        search: lambda_.IFunction,
        authorizer: lambda_.IFunction,
        settings: Settings,
        log_groups: LogGroups,
    ) -> None:
        self.logs = log_groups.add(construct_id)
        super().__init__(
            scope,
            construct_id,
            rest_api_name=f"contact-search-{stage}",
            endpoint_configuration=_endpoint(scope, settings.vpc_endpoint_ids),
            policy=_only_through(settings.vpc_endpoint_ids) if settings.vpc_endpoint_ids else None,
            disable_execute_api_endpoint=settings.domain is not None,
            min_compression_size=cdk.Size.bytes(COMPRESSED_FROM),
            cloud_watch_role=settings.api_gateway_logs_role,
            api_key_source_type=apigateway.ApiKeySourceType.AUTHORIZER,
            deploy_options=apigateway.StageOptions(
                stage_name="live",
                throttling_rate_limit=settings.throttle.rate,
                throttling_burst_limit=settings.throttle.burst,
                method_options=dict(_throttled_methods()),
                access_log_destination=apigateway.LogGroupLogDestination(self.logs),
                access_log_format=apigateway.AccessLogFormat.custom(json.dumps(_ACCESS_LOG)),
                # Metrics of each method are charged for; those of the API as a whole are free.
                metrics_enabled=False,
            ),
        )
        # One permission for the whole API: one for each method would soon fill the 20 KB of a function's policy.
        integration = apigateway.LambdaIntegration(search, scope_permission_to_method=False)
        # API Gateway's cache of decisions would need all its identity sources in each request; callers send one of two.
        request_authorizer = apigateway.RequestAuthorizer(
            self, "Authorizer", handler=authorizer, identity_sources=[], results_cache_ttl=cdk.Duration.seconds(0)
        )
        for route in ROUTES:
            self._add_route(route, integration, request_authorizer)
        self.root.resource_for_path(OTHER_PATHS).add_method("OPTIONS", integration)
        add_gateway_responses(self, settings.cors_origins)
        # CDK's own output is API Gateway's address, even where a domain has switched that off.
        self.node.try_remove_child("Endpoint")
        self.address = self.url
        if settings.domain:
            self.address = f"https://{settings.domain.name}"
            self._add_domain(settings.domain)
        self.usage_plan_ids = self._add_usage_plans(stage, settings.usage_plans)

    def _add_route(
        self, route: Route, integration: apigateway.Integration, request_authorizer: apigateway.IAuthorizer
    ) -> None:
        resource = self.root.resource_for_path(route.path)
        for method in route.methods:
            if route.needs_credential:
                resource.add_method(method, integration, authorizer=request_authorizer, api_key_required=True)
            else:
                resource.add_method(method, integration)
        # Preflight requests carry no credentials. OPTIONS is a method of its own as ANY cannot have a throttle.
        for method in ("OPTIONS", "ANY"):
            resource.add_method(method, integration)

    def _add_domain(self, domain: Domain) -> None:
        certificate = certificates.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
        domain_name = self.add_domain_name(
            "Domain",
            domain_name=domain.name,
            certificate=certificate,
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
        )
        cdk.CfnOutput(
            cdk.Stack.of(self),
            "DomainTarget",
            description="The DNS record of the domain has to point here",
            value=domain_name.domain_name_alias_domain_name,
        )

    def _add_usage_plans(self, stage: str, plans: stage_settings.UsagePlans) -> Mapping[str, str]:
        """Make a usage plan for each kind of client, so that one client's flood leaves room for the others.

        Returns:
            The ids by name. `scripts/clients` adds clients to the plans.
        """
        ids = {}
        for name in stage_settings.UsagePlans.model_fields:
            plan = apigateway.UsagePlan(
                self,
                f"{name.title()}UsagePlan",
                name=f"contact-search-{stage} {name}",
                throttle=_throttle_settings(getattr(plans, name)),
                api_stages=[apigateway.UsagePlanPerApiStage(api=self, stage=self.deployment_stage)],
            )
            ids[name] = plan.usage_plan_id
        return ids


def _throttled_methods() -> Iterator[tuple[str, apigateway.MethodDeploymentOptions]]:
    yield f"{OTHER_PATHS}/OPTIONS", _PREFLIGHTS
    for route in ROUTES:
        yield f"{route.path}/OPTIONS", _PREFLIGHTS
        if not route.needs_credential:
            for method in route.methods:
                yield f"{route.path}/{method}", _THROTTLE_BY_PATH.get(route.path, _DOCUMENTS)


def _throttle_settings(throttle: stage_settings.Throttle | None) -> apigateway.ThrottleSettings | None:
    if throttle is None:
        return None
    return apigateway.ThrottleSettings(rate_limit=throttle.rate, burst_limit=throttle.burst)


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


def _only_through(vpc_endpoint_ids: list[str]) -> iam.PolicyDocument:
    """Let in whoever comes through these endpoints. Without a policy, a private API lets nobody in."""
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["execute-api:Invoke"],
                resources=["execute-api:/*"],
                conditions={"StringEquals": {"aws:SourceVpce": vpc_endpoint_ids}},
            )
        ]
    )
