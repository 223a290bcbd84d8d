"""Test the laptop's API Gateway: the template's routes and responses, and API Gateway's limits."""

import asyncio
import gzip
import itertools
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import pytest

from sandbox.gateway.api_gateway import ApiGateway
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import build_event, build_response
from sandbox.gateway.template import Function, Template, synthesized

if TYPE_CHECKING:
    from sandbox.gateway.usage_plans import UsagePlans


@pytest.fixture(scope="session")
def template() -> Template:
    return synthesized()


class EchoFunction:
    """Stand in for a Lambda function: answer with the event, or with a prepared answer."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.delay = 0.0

    async def invoke(self, event: dict[str, Any], seconds: float) -> Any:
        await asyncio.wait_for(asyncio.sleep(self.delay), seconds)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        return {"statusCode": 200, "multiValueHeaders": {"X-A": ["1", "2"]}, "body": json.dumps(event)}


@pytest.fixture
def function() -> EchoFunction:
    return EchoFunction()


class AuthorizerFunction:
    """Allow every request."""

    async def invoke(self, event: dict[str, Any]) -> Any:
        statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
        return {"principalId": "somebody", "policyDocument": {"Statement": [statement]}, "context": {"n": 1}}


class AnyUsagePlan:
    def admits(self, _: str) -> bool:
        return True


class Client:
    """Send requests to the ASGI application."""

    def __init__(self, application: ApiGateway) -> None:
        self._application = application

    def send(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self._application(scope, receive, send))
        headers_ = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        return sent[0]["status"], headers_, sent[1]["body"]


@pytest.fixture
def client(template: Template, function: EchoFunction) -> Client:
    functions: Any = dict.fromkeys(template.functions(str), function)
    [authorizer] = template.authorizers()
    functions[authorizer] = AuthorizerFunction()
    return Client(ApiGateway(template, functions, cast("UsagePlans", AnyUsagePlan())))


def test_a_request_becomes_a_proxy_event(client: Client) -> None:
    status, headers, body = client.send("GET", "/v1/contacts?a=1&b=x%2Cy+z&a=%C3%A9&c", {"host": "h", "x-k": "v"})
    event = json.loads(body)
    assert status == 200
    assert [value for name, value in headers if name == "x-a"] == ["1", "2"]
    assert event["resource"] == event["path"] == "/v1/contacts"
    assert event["queryStringParameters"] == {"a": "é", "b": "x,y z", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "é"], "b": ["x,y z"], "c": [""]}
    assert event["multiValueHeaders"] == {"host": ["h"], "x-k": ["v"]}
    assert event["body"] is None
    assert json.loads(client.send("GET", "/health")[2])["multiValueQueryStringParameters"] is None


@pytest.mark.parametrize("name", ["attribute[tier]", "attribute%5Btier%5D", "attribute%5btier]"])
def test_brackets_of_a_query_arrive_decoded(client: Client, name: str) -> None:
    _, _, body = client.send("GET", f"/v1/contacts?{name}=gold&a=1&{name}=silver")
    event = json.loads(body)
    assert event["multiValueQueryStringParameters"] == {"attribute[tier]": ["gold", "silver"], "a": ["1"]}
    assert event["queryStringParameters"] == {"attribute[tier]": "silver", "a": "1"}


@pytest.mark.parametrize("target", ["/v1", "/v1/contacts/", "/v1/imports", "/v1/contacts/x/y", f"/{quote('é')}"])
def test_what_is_not_deployed_is_not_found(client: Client, target: str) -> None:
    status, headers, body = client.send("GET", target)
    problem = json.loads(body)
    assert status == problem["status"] == 404
    assert problem["type"] == "/problems/not-found"
    assert dict(headers)["content-type"] == "application/problem+json"
    assert dict(headers)["x-request-id"] == problem["request_id"]
    assert dict(headers)["cache-control"] == "no-store"


def test_a_body_has_10_mb_at_most(client: Client) -> None:
    status, _, body = client.send("DELETE", "/v1/contacts", body=b"x" * (10 * 1024 * 1024 + 1))
    assert (status, json.loads(body)["type"]) == (413, "/problems/content-too-large")
    assert client.send("DELETE", "/v1/contacts", body=b"x" * 1024)[0] == 200


def test_request_line_and_headers_have_10_240_characters_at_most(client: Client) -> None:
    assert client.send("GET", "/v1/contacts?a=" + "x" * 10_000)[0] == 200
    assert client.send("GET", "/v1/contacts?a=" + "x" * 10_240)[0] == 431
    assert client.send("GET", "/v1/contacts", {"x-a": "x" * 10_240})[0] == 431


@pytest.mark.parametrize("target", ["/v1/contacts?a=%zz", "/v1/contacts?a=%", "/v1/%4"])
def test_broken_percent_encoding_is_refused(client: Client, target: str) -> None:
    assert client.send("GET", target)[0] == 400


@pytest.mark.parametrize(
    "answer", ["text", {}, {"statusCode": "x"}, {"statusCode": 200, "body": 5}, FunctionFailedError()]
)
def test_a_malformed_answer_is_an_error_of_ours(client: Client, function: EchoFunction, answer: Any) -> None:
    function.answer = answer
    status, _, body = client.send("GET", "/health")
    assert (status, json.loads(body)["type"]) == (502, "/problems/internal")


def test_it_waits_no_longer_than_its_time_out(
    client: Client, function: EchoFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.gateway.api_gateway.INTEGRATION_TIMEOUT", 0.05)
    function.delay = 60
    status, _, body = client.send("GET", "/health")
    assert (status, json.loads(body)["type"]) == (504, "/problems/upstream-timeout")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("br, deflate", "deflate"),
        ("*", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("", None),
        ("br", None),
    ],
)
def test_what_is_over_1_kb_is_compressed(client: Client, function: EchoFunction, accepted: str, coding: Any) -> None:
    text = "é" * 600
    function.answer = {"statusCode": 200, "body": text}
    _, headers, body = client.send("GET", "/health", {"accept-encoding": accepted})
    assert dict(headers).get("content-encoding") == coding
    decompress: Any = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}[coding]
    assert decompress(body).decode() == text
    function.answer = {"statusCode": 200, "body": "short"}
    assert client.send("GET", "/health", {"accept-encoding": accepted})[2] == b"short"


def test_head_has_no_body(client: Client) -> None:
    _, headers, body = client.send("HEAD", "/health")
    assert body == b""
    assert int(dict(headers)["content-length"]) > 0


@pytest.fixture
def lambda_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LambdaFunction]:
    """Create a Lambda function from Python source."""
    monkeypatch.setattr("sandbox.gateway.lambda_function.ROOT", tmp_path)
    (tmp_path / "lambdas").mkdir()

    def make(source: str, timeout: int = 300, cores: int = 2) -> LambdaFunction:
        (tmp_path / "lambdas" / "module.py").write_text(source)
        function = Function("F", "module.handler", timeout, {"GREETING": "hello"})
        return LambdaFunction(function, free_cores=asyncio.Semaphore(cores))

    return make


def test_a_function_runs_in_processes_of_its_own(lambda_of: Callable[..., LambdaFunction]) -> None:
    function = lambda_of(
        "import os, time\n"
        "def handler(event, context):\n"
        "    print('to the log')\n"
        "    time.sleep(0.3)\n"
        "    return [event['n'], os.environ['GREETING'], os.getpid()]\n"
    )

    async def invoke() -> list[Any]:
        together = await asyncio.gather(function.invoke({"n": 1}), function.invoke({"n": 2}))
        again = await function.invoke({"n": 3})
        await function.stop()
        return [*together, again]

    one, two, three = asyncio.run(invoke())
    assert [one[:2], two[:2], three[:2]] == [[1, "hello"], [2, "hello"], [3, "hello"]]
    assert one[2] != two[2]
    assert three[2] in (one[2], two[2])


def test_no_more_environments_start_at_once_than_there_are_cores(
    lambda_of: Callable[..., LambdaFunction], tmp_path: Path
) -> None:
    """Given one core, 6 events at once are answered by the environments that start one after the other."""
    function = lambda_of(
        "import os, pathlib, time\n"
        f"log = pathlib.Path({str(tmp_path)!r}, f'{{os.getpid()}}.started')\n"
        "began = time.monotonic()\n"
        "time.sleep(0.3)\n"
        "log.write_text(f'{began} {time.monotonic()}')\n"
        "def handler(event, context):\n"
        "    time.sleep(event)\n"
        "    return os.getpid()\n",
        cores=1,
    )

    async def invoke() -> tuple[list[int], list[int]]:
        together = await asyncio.gather(*(function.invoke(0.5) for _ in range(6)))
        again = await asyncio.gather(*(function.invoke(0) for _ in range(3)))
        await function.stop()
        return together, again

    together, again = asyncio.run(invoke())
    starts = sorted(tuple(map(float, log.read_text().split())) for log in tmp_path.glob("*.started"))
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(starts))
    assert 2 <= len(set(together)) <= 6
    assert set(again) <= {int(log.stem) for log in tmp_path.glob("*.started")}


def test_the_time_to_answer_begins_with_the_environment(lambda_of: Callable[..., LambdaFunction]) -> None:
    function = lambda_of("import time\ntime.sleep(1)\ndef handler(event, context):\n    time.sleep(event)\n")

    async def invoke() -> None:
        try:
            assert await function.invoke(0, seconds=0.5) is None
            with pytest.raises(TimeoutError):
                await function.invoke(5, seconds=0.5)
        finally:
            await function.stop()

    asyncio.run(invoke())


def test_whoever_does_not_wait_any_longer_leaves_its_environment_to_others(
    lambda_of: Callable[..., LambdaFunction],
) -> None:
    function = lambda_of("import time\ntime.sleep(0.5)\ndef handler(event, context):\n    return event\n")

    async def invoke() -> None:
        impatient = asyncio.create_task(function.invoke("impatient"))
        await asyncio.sleep(0.1)
        patient = asyncio.create_task(function.invoke("patient"))
        await asyncio.sleep(0.1)
        impatient.cancel()
        assert await patient == "patient"
        await function.stop()
        assert impatient.cancelled()

    asyncio.run(invoke())


@pytest.mark.parametrize(
    "source",
    [
        "def handler(e, c):\n raise ValueError",
        "def handler(e, c):\n import os; os._exit(3)",
        "def handler(e, c):\n import time; time.sleep(30)",
        "nonsense = ",
        "def handler(e, c):\n return {1, 2}",
    ],
)
def test_a_function_that_fails(lambda_of: Callable[..., LambdaFunction], source: str) -> None:
    function = lambda_of(source, timeout=1)

    async def invoke() -> None:
        try:
            await function.invoke({})
        finally:
            await function.stop()

    with pytest.raises(FunctionFailedError):
        asyncio.run(invoke())


def test_bodies_that_are_not_text_travel_as_base64() -> None:
    from sandbox.gateway.proxy_event import Request  # noqa: PLC0415

    event = build_event(Request("POST", b"/", b"", [], b"\xff\x00", ""), "r", "/")
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)
    assert build_response({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}).body == b"\xff\x00"


def test_path_parameters_are_decoded(client: Client) -> None:
    _, _, body = client.send("GET", "/problems/a%20b")
    event = json.loads(body)
    assert (event["resource"], event["path"]) == ("/problems/{type}", "/problems/a b")
    assert event["pathParameters"] == {"type": "a b"}
