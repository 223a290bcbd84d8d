"""Synthesize the CloudFormation template and read what the laptop needs from it."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
# Not cdk.out itself, where the CDK CLI writes the templates of other stages.
OUTPUT = ROOT / "cdk.out" / "laptop"
# The template depends on these files. The code of the functions is not among them: it runs from lambdas/.
_API = "lambdas/contact_search/api"
_SOURCES = (
    *("app.py", "cdk.json", "infra", "requirements/development.txt", "lambdas/contact_search/__init__.py"),
    *(f"{_API}/{module}.py" for module in ("cors", "problem", "problem_types", "route_table")),
)


@dataclass(frozen=True)
class Function:
    """Describe a Lambda function.

    Attributes:
        name: Logical id.
        handler: `module.function`.
        timeout: Seconds.
        environment: Variables.
    """

    name: str
    handler: str
    timeout: int
    environment: dict[str, str]


@dataclass(frozen=True)
class Route:
    """Describe a method of a path.

    Attributes:
        function: Logical id of the function that answers requests.
        authorizer: Logical id of the function that authorizes requests, None without an authorizer.
        needs_api_key: Whether a request needs an API key that is in a usage plan.
    """

    function: str
    authorizer: str | None
    needs_api_key: bool


@dataclass(frozen=True)
class GatewayResponse:
    """Describe a response of API Gateway itself. `body` and the values of `headers` are mapping expressions."""

    status: int | None
    headers: dict[str, str]
    body: str
    media_type: str


class Template:
    """Read the resources and outputs of a template."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]
        self._outputs: Mapping[str, Any] = template["Outputs"]

    def properties(self, resource_type: str) -> dict[str, Mapping[str, Any]]:
        """Return the properties of the resources of this type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self._resources.items()
            if resource["Type"] == resource_type
        }

    def routes(self) -> dict[str, dict[str, Route]]:
        """Return the routes by path and method. A method may be `ANY`."""
        resources = self.properties("AWS::ApiGateway::Resource")
        authorizers = {
            name: self._function_in(authorizer["AuthorizerUri"])
            for name, authorizer in self.properties("AWS::ApiGateway::Authorizer").items()
        }
        routes: dict[str, dict[str, Route]] = {}
        for method in self.properties("AWS::ApiGateway::Method").values():
            path = self._path(method["ResourceId"].get("Ref", ""), resources) or "/"
            routes.setdefault(path, {})[method["HttpMethod"]] = Route(
                self._function_in(method["Integration"]["Uri"]),
                authorizers[method["AuthorizerId"]["Ref"]] if method["AuthorizationType"] == "CUSTOM" else None,
                method.get("ApiKeyRequired", False),
            )
        return routes

    def authorizers(self) -> set[str]:
        """Return the logical ids of the authorizers' functions."""
        return {
            route.authorizer for methods in self.routes().values() for route in methods.values() if route.authorizer
        }

    def _path(self, resource: str, resources: Mapping[str, Mapping[str, Any]]) -> str:
        if resource not in resources:
            return ""
        return (
            f"{self._path(resources[resource]['ParentId'].get('Ref', ''), resources)}/{resources[resource]['PathPart']}"
        )

    def _function_in(self, uri: Any) -> str:
        """Return the logical id of the only function that a URI refers to, by its ARN or its alias."""
        aliases = self.properties("AWS::Lambda::Alias")
        functions = self.properties("AWS::Lambda::Function")
        names = {aliases[name]["FunctionName"]["Ref"] if name in aliases else name for name in references(uri)}
        [function] = names & functions.keys()
        return function

    def functions(self, resolve: Callable[[Any], str]) -> dict[str, Function]:
        """Return the functions of lambdas/ by logical id. `resolve` returns the value of an intrinsic function."""
        return {
            name: Function(
                name,
                properties["Handler"],
                properties["Timeout"],
                {
                    variable: value if isinstance(value, str) else resolve(value)
                    for variable, value in properties["Environment"]["Variables"].items()
                },
            )
            for name, properties in self.properties("AWS::Lambda::Function").items()
            if (ROOT / "lambdas" / f"{properties['Handler'].split('.')[0]}.py").is_file()
        }

    def outputs(self, resolve: Callable[[Any], str]) -> dict[str, str]:
        """Return the outputs by name, except those that `resolve` returns an empty value for."""
        values = {name: resolve(output["Value"]) for name, output in self._outputs.items()}
        return {name: value for name, value in values.items() if value}

    def gateway_responses(self) -> dict[str, GatewayResponse]:
        """Return the gateway responses by type, such as MISSING_AUTHENTICATION_TOKEN."""
        responses = {}
        for properties in self.properties("AWS::ApiGateway::GatewayResponse").values():
            [(media_type, body)] = properties["ResponseTemplates"].items()
            prefix = "gatewayresponse.header."
            headers = {name.removeprefix(prefix): value for name, value in properties["ResponseParameters"].items()}
            status = properties.get("StatusCode")
            responses[properties["ResponseType"]] = GatewayResponse(
                int(status) if status else None, headers, body, media_type
            )
        return responses

    def minimum_compression_size(self) -> int:
        """Return the size in bytes from which responses are compressed."""
        [api] = self.properties("AWS::ApiGateway::RestApi").values()
        return int(api["MinimumCompressionSize"])


def synthesized() -> Template:
    """Return the template of the stack. Synthesize it first if its sources have changed since the last time."""
    app = ROOT / "app.py"
    with app.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process synthesizes, the others wait
        stamp, digest = OUTPUT / "sources.sha256", _digest_of_sources()
        if not stamp.exists() or stamp.read_text() != digest:
            print("Synthesizing the stack (only when its sources have changed)", file=sys.stderr, flush=True)
            environment = os.environ | {"CDK_OUTDIR": str(OUTPUT)}
            subprocess.run([sys.executable, str(app)], check=True, env=environment, stdout=sys.stderr)
            stamp.write_text(digest)
        [path] = OUTPUT.glob("*.template.json")
        return Template(json.loads(path.read_text()))


def _digest_of_sources() -> str:
    digest = hashlib.sha256()
    for source in _SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def references(value: Any) -> set[str]:
    """Return the logical ids that a value refers to."""
    if isinstance(value, list):
        return {name for part in value for name in references(part)}
    if not isinstance(value, dict):
        return set()
    if "Ref" in value:
        return {value["Ref"]}
    if "Fn::GetAtt" in value:
        return {value["Fn::GetAtt"][0]}
    return references(list(value.values()))
