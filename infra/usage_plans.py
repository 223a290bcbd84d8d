"""How many requests a client may send, by the kind of client it is."""

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

# Requests a second, and at once after a pause. What Amazon Connect allows is shared by the limiter; these keep one
# client's flood from all others. A plan without figures has the stage's.
USAGE_PLANS: dict[str, tuple[int, int] | None] = {"internal": None, "partner": (20, 200), "frontend": (50, 500)}


class UsagePlans(Construct):
    """Each with the stage of the API; `scripts/clients` puts clients into them."""

    def __init__(self, scope: Construct, name: str, *, api: apigateway.RestApi) -> None:
        super().__init__(scope, name)
        self.ids: dict[str, str] = {}
        for plan, limits in USAGE_PLANS.items():
            throttle = limits and apigateway.ThrottleSettings(rate_limit=limits[0], burst_limit=limits[1])
            made = apigateway.UsagePlan(
                self,
                plan.title(),
                name=f"contact-search {plan}",
                throttle=throttle,
                api_stages=[apigateway.UsagePlanPerApiStage(api=api, stage=api.deployment_stage)],
            )
            self.ids[plan] = made.usage_plan_id
