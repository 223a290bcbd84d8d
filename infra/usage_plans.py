"""How many requests a client may send, by the kind of client it is."""

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infra import settings


class UsagePlans(Construct):
    """What Amazon Connect allows is shared by the limiter; these keep one client's flood from all others.

    `scripts/clients` puts clients into them.
    """

    def __init__(self, scope: Construct, name: str, *, api: apigateway.RestApi, plans: settings.UsagePlans) -> None:
        super().__init__(scope, name)
        self.ids: dict[str, str] = {}
        for plan in settings.UsagePlans.model_fields:
            limits: settings.Throttle | None = getattr(plans, plan)
            made = apigateway.UsagePlan(
                self,
                plan.title(),
                name=f"contact-search {plan}",
                throttle=_throttle(limits),
                api_stages=[apigateway.UsagePlanPerApiStage(api=api, stage=api.deployment_stage)],
            )
            self.ids[plan] = made.usage_plan_id


def _throttle(limits: settings.Throttle | None) -> apigateway.ThrottleSettings | None:
    return None if limits is None else apigateway.ThrottleSettings(rate_limit=limits.rate, burst_limit=limits.burst)
