"""Look into synthesized templates."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk.assertions import Template


def properties(template: Template, resource_type: str) -> list[Mapping[str, Any]]:
    """Return the properties of all resources of a type."""
    return [resource.get("Properties", {}) for resource in template.find_resources(resource_type).values()]


def only(template: Template, resource_type: str) -> Mapping[str, Any]:
    """Return the properties of the one resource of a type."""
    [resource] = properties(template, resource_type)
    return resource


def statements(template: Template) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of all policies of the template: of identities and of resources."""
    for resource in template.to_json()["Resources"].values():
        yield from _statements_in(resource.get("Properties", {}))


def role_statements(template: Template, of: str = "") -> Iterator[Mapping[str, Any]]:
    """Yield the statements of the policies of roles, or of the role of this construct."""
    for name, policy in template.find_resources("AWS::IAM::Policy").items():
        if name.startswith(f"{of}Role" if of else ""):
            yield from policy["Properties"]["PolicyDocument"]["Statement"]


def actions(statement: Mapping[str, Any]) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def environment(template: Template, function: str) -> Mapping[str, Any]:
    """Return the environment of a function: `search`, `authorizer` or `export`."""
    [found] = template.find_resources(
        "AWS::Lambda::Function", {"Properties": {"Handler": f"{function}_handler.handler"}}
    ).values()
    variables: Mapping[str, Any] = found["Properties"]["Environment"]["Variables"]
    return variables


def _statements_in(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for element in value:
            yield from _statements_in(element)
    elif isinstance(value, dict):
        if "Effect" in value and "Action" in value:
            yield value
        for element in value.values():
            yield from _statements_in(element)
