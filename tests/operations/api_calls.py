"""Record which operations of AWS a program calls, and find which actions IAM has to allow for them.

The AWS SDKs report each call to a local agent (client-side monitoring), also from other processes.
"""

import json
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session

_POLICIES = Path(__file__).parents[2] / "operations" / "policies"
# The names of the services in botocore and in IAM.
_PREFIX_BY_SERVICE = {
    "API Gateway": "apigateway",
    "CloudFormation": "cloudformation",
    "Connect": "connect",
    "DynamoDB": "dynamodb",
    "S3": "s3",
    "STS": "sts",
}
# Some actions are named differently from their operations (service authorization reference). What a transaction of
# DynamoDB writes has to be allowed by itself: ours puts items.
_ACTION_BY_OPERATION = {
    "DeleteObjects": "DeleteObject",
    "ListObjectsV2": "ListBucket",
    "TransactWriteItems": "PutItem",
}


class Permission(NamedTuple):
    """Hold an action of IAM. API Gateway's actions are HTTP methods, so they also have the path of a resource."""

    action: str
    path: str = ""


class Calls:
    """Hold the calls that are reported to this socket."""

    def __init__(self, agent: socket.socket) -> None:
        self._agent = agent
        self.environment = {
            "AWS_CSM_ENABLED": "true",
            "AWS_CSM_HOST": "127.0.0.1",
            "AWS_CSM_PORT": str(agent.getsockname()[1]),
        }

    def permissions(self) -> set[Permission]:
        """Return the permissions that the calls so far need."""
        calls = {(event["Service"], event["Api"]) for event in self._events() if event["Type"] == "ApiCall"}
        # GetCallerIdentity needs no permission (API reference of STS).
        return {_permission(*call) for call in calls - {("STS", "GetCallerIdentity")}}

    def _events(self) -> Iterator[dict[str, Any]]:
        self._agent.settimeout(0.2)
        try:
            while True:
                yield json.loads(self._agent.recv(65_536))
        except TimeoutError:
            return


@contextmanager
def recorded_calls() -> Iterator[Calls]:
    """Record the calls of programs that have this environment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        agent.bind(("127.0.0.1", 0))
        yield Calls(agent)


def read_policy(name: str) -> Mapping[str, Any]:
    """Read a policy of operations/policies."""
    policy: Mapping[str, Any] = json.loads((_POLICIES / f"{name}.json").read_text())
    return policy


def allows(policies: Iterable[Mapping[str, Any]], permission: Permission) -> bool:
    """Return whether one of the policies allows the action, for API Gateway on this path."""
    return any(
        permission.action in _listed(statement["Action"])
        and (not permission.path or any(_has_path(arn, permission.path) for arn in _listed(statement["Resource"])))
        for policy in policies
        for statement in policy["Statement"]
    )


def allowed_actions(policy: Mapping[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in _listed(statement["Action"])}


def _permission(service: str, operation: str) -> Permission:
    prefix = _PREFIX_BY_SERVICE[service]
    if prefix != "apigateway":
        return Permission(f"{prefix}:{_ACTION_BY_OPERATION.get(operation, operation)}")
    http = botocore.session.get_session().get_service_model(prefix).operation_model(operation).http
    return Permission(f"{prefix}:{http['method']}", re.sub(r"\{\w+\}", "id", http["requestUri"]))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _has_path(arn: str, path: str) -> bool:
    return fnmatchcase(path, arn.rpartition("::")[2])
