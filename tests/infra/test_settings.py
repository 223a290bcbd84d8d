"""Test the settings of a stage: each of them synthesizes, and a wrong one is named."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra import nag
from infra.settings import Settings, SettingsError, find_settings, parse_settings
from infra.stack import ContactSearchStack
from tests.infra.conftest import ARN, STAGE

ROOT = Path(__file__).parent.parent.parent
CERTIFICATE = "arn:aws:acm:eu-west-2:111122223333:certificate/1"
OIDC: dict[str, Any] = {"issuer": "https://issuer.example", "audience": "contacts"}
SIGN_IN: dict[str, Any] = {
    "client_id": "explorer",
    "authorization_endpoint": "https://issuer.example/authorize",
    "token_endpoint": "https://issuer.example/token",
}
# One value for each setting, other than its default.
OTHER: dict[str, Any] = {
    "transcript_search": False,
    "cors_origins": ["https://a.example", "https://b.example"],
    "oidc": OIDC | {"sign_in": SIGN_IN},
    "quota_rate": 0,
    "quota_burst": 3,
    "wait_seconds": 5,
    "describe_rate": 0,
    "describe_burst": 2,
    "waiting_per_caller": 9,
    "page_seconds": 0,
    "closed_page_seconds": 60,
    "now_rounded_to_seconds": 60,
    "export_days": 30,
    "exports_per_client": 1,
    "throttle": {"rate": 10, "burst": 20},
    "usage_plans": {"internal": {"rate": 5, "burst": 5}, "partner": None},
    "requests_per_address": 100,
    "allowed_addresses": ["192.0.2.0/24"],
    "blocked_addresses": ["2001:db8::/32", "198.51.100.0/24"],
    "domain": {"name": "contacts.example.com", "certificate_arn": CERTIFICATE},
    "memory_megabytes": 512,
    "reserved_concurrency": {"search": 50, "authorizer": 20, "export": 5},
    "account_concurrency": 10,
    "rollout": "linear",
    "cursor_keys": ["B", "A"],
    "durable_table_name": "restored",
    "termination_protection": False,
    "api_gateway_logs_role": False,
    "log_retention_days": 365,
    "heartbeat": False,
    "alarm_topic_arn": "arn:aws:sns:eu-west-2:111122223333:pagerduty",
    "alarm_email": "operators@example.com",
    "tags": {"team": "contact-centre"},
}
# These only become variables of functions, so one stack tries them all.
VARIABLES = {
    *("quota_burst", "wait_seconds", "describe_rate", "describe_burst", "waiting_per_caller"),
    *("page_seconds", "closed_page_seconds", "now_rounded_to_seconds", "exports_per_client"),
}
ALONE: list[dict[str, Any]] = [
    {name: value for name, value in OTHER.items() if name in VARIABLES},
    *({name: value} for name, value in OTHER.items() if name not in VARIABLES),
    {"vpc_endpoint_ids": ["vpce-1", "vpce-2"]},
    {"requests_per_address": None},
]
TOGETHER = [OTHER, {name: value for name, value in OTHER.items() if name not in ("domain", "alarm_topic_arn")}]


def documented_settings() -> list[dict[str, Any]]:
    """Return the settings in the JSON blocks of docs/deploy.md."""
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL)
    return [next(iter(json.loads(f"{{{block}}}").values())) for block in blocks]


def unexplained_findings(new_app: Callable[[], cdk.App], settings: dict[str, Any]) -> set[str]:
    """Synthesize with these settings. Return the findings of cdk-nag that have no acknowledged reason."""
    app, parsed = new_app(), parse_settings(STAGE, {"connect_instance_arn": ARN} | settings)
    ContactSearchStack(app, STAGE, parsed)
    reports = [pack(app).validate_scope(app) for pack in (AwsSolutionsChecks, ServerlessChecks)]
    found = {violation.rule_name for report in reports for violation in report.violations}
    return found - set(nag.reasons_for(parsed))


def test_every_setting_is_tried() -> None:
    assert set(Settings.model_fields) == {"connect_instance_arn", "vpc_endpoint_ids", *OTHER}


@pytest.mark.parametrize("settings", ALONE, ids=lambda one: next(iter(one)) if len(one) == 1 else "variables")
def test_each_setting_synthesizes_alone(new_app: Callable[[], cdk.App], settings: dict[str, Any]) -> None:
    assert unexplained_findings(new_app, settings) == set()


@pytest.mark.parametrize("settings", TOGETHER, ids=["with_domain", "with_own_topic"])
def test_settings_synthesize_together(new_app: Callable[[], cdk.App], settings: dict[str, Any]) -> None:
    assert unexplained_findings(new_app, settings) == set()


def test_the_documentations_settings_synthesize(new_app: Callable[[], cdk.App]) -> None:
    documented = documented_settings()
    assert documented
    for settings in documented:
        assert unexplained_findings(new_app, settings) == set()


def test_every_reason_explains_a_finding(new_app: Callable[[], cdk.App]) -> None:
    settings = parse_settings(STAGE, {"connect_instance_arn": ARN, "alarm_email": "a@example.com"})
    app = new_app()
    ContactSearchStack(app, STAGE, settings)
    reports = [pack(app).validate_scope(app) for pack in (AwsSolutionsChecks, ServerlessChecks)]
    found = {violation.rule_name for report in reports for violation in report.violations}
    assert found == set(nag.reasons_for(settings))


def test_a_finding_without_a_reason_ends_the_synthesis(
    new_app: Callable[[], cdk.App], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(nag.REASONS, "Serverless-LambdaDLQ")
    app, settings = new_app(), parse_settings(STAGE, {"connect_instance_arn": ARN})
    nag.add_checks(app, ContactSearchStack(app, STAGE, settings), settings)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"connect_instance_arn": None}, "connect_instance_arn"),
        ({"connect_instance_arn": "arn:aws:connect:REGION:ACCOUNT:instance/ID"}, "connect_instance_arn"),
        ({"quota": 1}, "quota"),
        ({"quota_rate": -1}, "quota_rate"),
        ({"oidc": {"issuer": "http://x", "audience": "a"}}, "oidc.issuer"),
        (
            {"oidc": OIDC | {"sign_in": SIGN_IN | {"token_endpoint": "https://x/token; img-src *"}}},
            "oidc.sign_in.token_endpoint",
        ),
        ({"oidc": OIDC | {"sign_in": SIGN_IN | {"scopes": ["email"]}}}, "oidc.sign_in.scopes"),
        ({"cors_origins": ["https://a/b"]}, "cors_origins.0"),
        ({"usage_plans": {"gold": {}}}, "usage_plans.gold"),
        ({"log_retention_days": 8}, "log_retention_days"),
        ({"blocked_addresses": ["192.0.2.300"]}, "blocked_addresses.0"),
        ({"reserved_concurrency": {"search": 0}}, "reserved_concurrency.search"),
        ({"alarm_topic_arn": "pagerduty"}, "alarm_topic_arn"),
        ({"vpc_endpoint_ids": ["vpce-1"], "domain": {"name": "a.b", "certificate_arn": CERTIFICATE}}, "together"),
        ({"requests_per_address": None, "blocked_addresses": ["192.0.2.1"]}, "together"),
    ],
    ids=lambda value: None if isinstance(value, str) else "+".join(value),
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=rf"stages, x:\n  {re.escape(key)}: "):
        parse_settings("x", {"connect_instance_arn": ARN} | settings)


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(SettingsError, match="no 'none' among laptop, production"):
        find_settings({"stages": {"laptop": {}, "production": {}}}, "none")


def test_the_readme_has_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []
