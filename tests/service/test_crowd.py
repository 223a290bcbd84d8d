"""Test many callers at once, through function processes that share nothing but the table."""

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from sandbox.aws_server import REGION, AwsServer
from sandbox.clients import add_callers
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event, build_response
from sandbox.gateway.template import Function
from tests.clock import TODAY
from tests.conftest import Answer

DAY = {"from": f"{TODAY - timedelta(days=1)}", "to": f"{TODAY}"}
CALL = 0.2  # seconds that a call of the stand-in of Connect takes
LONG_ENOUGH = 2.0  # seconds until a request certainly waits: it takes some hundredths of a second


class Crowd:
    """Callers of one function. Each request that comes while another one is answered has a process of its own."""

    def __init__(self, function: LambdaFunction, calls: list[float], may_answer: threading.Event) -> None:
        self.function, self.calls, self.may_answer = function, calls, may_answer

    async def ask(
        self, caller: str = "crowd", path: str = "/v1/contacts", prefer: str = "", **parameters: Any
    ) -> Answer:
        headers = [("prefer", prefer)] if prefer else []
        request = Request("GET", path.encode(), urlencode(parameters, doseq=True).encode(), headers, b"", "127.0.0.1")
        event = build_event(request, "request-1", path)
        event["requestContext"]["authorizer"] = {"client": caller, "revision": ""}
        response = build_response(await self.function.invoke(event))
        return Answer(response.status, dict(response.headers), response.body.decode())

    async def warm_up(self, processes: int) -> None:
        """Start this many processes, and let each answer a search."""
        await asyncio.gather(*(self.ask(**DAY, limit=100 - number) for number in range(processes)))
        self.calls.clear()

    async def is_called(self) -> None:
        """Wait until Connect has been called."""
        while not self.calls:
            await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def callers(aws: AwsServer) -> None:
    add_callers(aws.url, REGION, ["crowd", "1", "2", "3", "4"])


@pytest.fixture
def in_a_crowd(
    aws: AwsServer,
    table_name: str,
    callers: None,  # noqa: ARG001 - registers the clients
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., list[float]]:
    """Return a function that runs a scenario with a crowd, and returns the times at which Connect was called."""
    moments: list[float] = []
    may_answer = threading.Event()
    may_answer.set()
    search = aws.connect.search_contacts

    def slow(request: Any) -> str:
        moments.append(time.monotonic())
        time.sleep(CALL)
        may_answer.wait()
        return search(request)

    monkeypatch.setattr(aws.connect, "search_contacts", slow)

    def run(scenario: Callable[[Crowd], Awaitable[None]], **settings: str) -> list[float]:
        async def ran() -> None:
            environment = {"AWS_ENDPOINT_URL": aws.url, "TRANSIENT_TABLE_NAME": table_name, "PAGE_SECONDS": "10"}
            function = LambdaFunction(Function("Search", "search_handler.handler", 29, environment | settings))
            try:
                await scenario(Crowd(function, moments, may_answer))
            finally:
                may_answer.set()
                await function.stop()

        asyncio.run(ran())
        return moments

    return run


def test_equal_searches_that_come_together_cost_one_call(in_a_crowd: Callable[..., list[float]]) -> None:
    async def scenario(crowd: Crowd) -> None:
        await crowd.warm_up(4)
        crowd.may_answer.clear()
        asked = asyncio.gather(*(crowd.ask(**DAY) for _ in range(4)))
        await asyncio.sleep(LONG_ENOUGH)
        crowd.may_answer.set()
        answers = await asked
        assert [answer.status for answer in answers] == [200] * 4
        assert len({answer.headers["etag"] for answer in answers}) == 1
        outcomes = sorted(answer.headers["cache-status"] for answer in answers)
        assert outcomes == ["contact-search; fwd=miss; collapsed"] * 3 + ["contact-search; fwd=miss; stored"]

    assert len(in_a_crowd(scenario, WAIT_SECONDS="20")) == 1


def test_who_follows_too_slow_a_leader_is_refused_before_it_is_served(in_a_crowd: Callable[..., list[float]]) -> None:
    """Given a leader that waits for its slot: a follower that cannot wait so long is refused at once, another waits."""

    async def scenario(crowd: Crowd) -> None:
        await crowd.warm_up(4)
        await crowd.ask("1", **DAY, limit=9)
        answered: list[str] = []

        async def ask(name: str, wait: int, after: float = 0) -> Answer:
            await asyncio.sleep(after)
            answer = await crowd.ask("2", **DAY, prefer=f"wait={wait}")
            answered.append(name)
            return answer

        leader, patient, impatient = await asyncio.gather(
            ask("leader", 20), ask("patient", 20, 1), ask("impatient", 0, 1)
        )
        assert [leader.status, patient.status, impatient.status] == [200, 200, 429]
        assert int(impatient.headers["retry-after"]) > 5
        assert answered[0] == "impatient"

    # The burst is used up before the leader asks.
    assert len(in_a_crowd(scenario, QUOTA_RATE="0.1", QUOTA_BURST="5", WAIT_SECONDS="20")) == 2


async def kill_the_leader(crowd: Crowd, just_before: Callable[[], object]) -> list[Answer]:
    """Kill the process of a caller during its call. Return the answers to two callers who wait for the same page."""
    await crowd.warm_up(3)
    crowd.may_answer.clear()
    leading = asyncio.create_task(crowd.ask(**DAY))
    await crowd.is_called()
    [leader] = crowd.function.busy
    following = asyncio.gather(*(crowd.ask(**DAY) for _ in range(2)))
    await asyncio.sleep(CALL)
    just_before()
    leader.kill()
    crowd.may_answer.set()
    with pytest.raises(FunctionFailedError):
        await leading
    return await following


def test_when_the_leader_dies_another_one_takes_over(in_a_crowd: Callable[..., list[float]]) -> None:
    async def scenario(crowd: Crowd) -> None:
        answers = await kill_the_leader(crowd, lambda: None)
        assert [answer.status for answer in answers] == [200, 200]

    assert len(in_a_crowd(scenario, WAIT_SECONDS="0")) == 2


def test_when_the_table_dies_with_the_leader_everyone_is_on_their_own(
    in_a_crowd: Callable[..., list[float]], table_name: str
) -> None:
    async def scenario(crowd: Crowd) -> None:
        answers = await kill_the_leader(crowd, lambda: boto3.client("dynamodb").delete_table(TableName=table_name))
        assert [answer.status for answer in answers] == [200, 200]
        assert all("storage-unavailable" in answer.headers["cache-status"] for answer in answers)

    assert len(in_a_crowd(scenario)) == 3


def test_all_processes_share_one_quota(in_a_crowd: Callable[..., list[float]]) -> None:
    async def scenario(crowd: Crowd) -> None:
        await crowd.warm_up(4)
        answers = await asyncio.gather(*(crowd.ask(f"{number}", **DAY, limit=number) for number in range(1, 5)))
        assert [answer.status for answer in answers] == [200] * 4

    moments = in_a_crowd(scenario, QUOTA_RATE="0.5", PAGE_SECONDS="0", WAIT_SECONDS="20")
    assert len(moments) == 4
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert all(1 < gap < 6 for gap in gaps), gaps
