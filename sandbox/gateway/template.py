"""What the laptop needs to know of the synthesized CloudFormation template."""

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
# A folder of its own: the CDK CLI writes the templates of other stages to cdk.out.
OUTPUT = ROOT / "cdk.out" / "laptop"
# What the template is made of. The code of the functions is not: it runs from where it is.
_API = "lambdas/contact_search/api"
_SOURCES = (
    *("app.py", "cdk.json", "infra", "requirements/development.txt", "lambdas/contact_search/__init__.py"),
    *(f"{_API}/{module}.py" for module in ("cors", "problem", "problem_types", "route_table")),
)


@dataclass(frozen=True)
class Function:
    """A Lambda function: the logical id, `module.function`, the limit in seconds, and its environment."""

    name: str
    handler: str
    timeout: int
    environment: dict[str, str]


@dataclass(frozen=True)
class Route:
    """A method of a path: the functions (logical ids) that answer it and that authorize it, if one does."""

    function: str
    authorizer: str | None
    wants_usage_plan: bool


@dataclass(frozen=True)
class GatewayResponse:
    """What API Gateway answers itself. The values of `headers` are mapping expressions, as is `body`."""

    status: int | None
    headers: dict[str, str]
    body: str
    media_type: str


class Template:
    """A template, by the types of its resources."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]
        self._outputs: Mapping[str, Any] = template["Outputs"]

    def of_type(self, resource_type: str) -> dict[str, Mapping[str, Any]]:
        """The properties of the resources of this type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self._resources.items()
            if resource["Type"] == resource_type
        }

    def routes(self) -> dict[str, dict[str, Route]]:
        """The routes by path and method, `ANY` among the methods."""
        resources = self.of_type("AWS::ApiGateway::Resource")
        authorizers = {
            name: self._function_in(authorizer["AuthorizerUri"])
            for name, authorizer in self.of_type("AWS::ApiGateway::Authorizer").items()
        }
        routes: dict[str, dict[str, Route]] = {}
        for method in self.of_type("AWS::ApiGateway::Method").values():
            path = self._path(method["ResourceId"].get("Ref", ""), resources) or "/"
            routes.setdefault(path, {})[method["HttpMethod"]] = Route(
                self._function_in(method["Integration"]["Uri"]),
                authorizers[method["AuthorizerId"]["Ref"]] if method["AuthorizationType"] == "CUSTOM" else None,
                method.get("ApiKeyRequired", False),
            )
        return routes

    def authorizers(self) -> set[str]:
        """The functions that authorize."""
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
        """The logical id of the one function whose ARN, or whose alias, a URI is joined of."""
        aliases = self.of_type("AWS::Lambda::Alias")
        functions = self.of_type("AWS::Lambda::Function")
        named = {aliases[name]["FunctionName"]["Ref"] if name in aliases else name for name in references(uri)}
        [function] = named & functions.keys()
        return function

    def functions(self, resolve: Callable[[Any], str]) -> dict[str, Function]:
        """The functions of lambdas/; `resolve` gives the value of what refers to another resource."""
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
            for name, properties in self.of_type("AWS::Lambda::Function").items()
            if (ROOT / "lambdas" / f"{properties['Handler'].split('.')[0]}.py").is_file()
        }

    def outputs(self, resolve: Callable[[Any], str]) -> dict[str, str]:
        """The outputs that `resolve` gives a value, by name."""
        values = {name: resolve(output["Value"]) for name, output in self._outputs.items()}
        return {name: value for name, value in values.items() if value}

    def gateway_responses(self) -> dict[str, GatewayResponse]:
        """By response type, such as MISSING_AUTHENTICATION_TOKEN."""
        responses = {}
        for properties in self.of_type("AWS::ApiGateway::GatewayResponse").values():
            [(media_type, body)] = properties["ResponseTemplates"].items()
            prefix = "gatewayresponse.header."
            headers = {name.removeprefix(prefix): value for name, value in properties["ResponseParameters"].items()}
            status = properties.get("StatusCode")
            responses[properties["ResponseType"]] = GatewayResponse(
                int(status) if status else None, headers, body, media_type
            )
        return responses

    def compressed_from(self) -> int:
        """The size in bytes from which responses are compressed."""
        [api] = self.of_type("AWS::ApiGateway::RestApi").values()
        return int(api["MinimumCompressionSize"])


def synthesized() -> Template:
    """The template of the stack, synthesized anew where its sources have changed since the last time."""
    app = ROOT / "app.py"
    with app.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process synthesizes, others wait for it
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
    """The resources that a value is made of."""
    if isinstance(value, list):
        return {name for part in value for name in references(part)}
    if not isinstance(value, dict):
        return set()
    if "Ref" in value:
        return {value["Ref"]}
    if "Fn::GetAtt" in value:
        return {value["Fn::GetAtt"][0]}
    return references(list(value.values()))
