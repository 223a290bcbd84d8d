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
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.responses import DynamoHandler

from sandbox.aws_server import REGION, AwsServer
from sandbox.clients import add_callers
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event, build_response
from sandbox.gateway.template import Function
from tests.clock import TODAY
from tests.conftest import Answer

DAY = {"from": f"{TODAY - timedelta(days=1)}", "to": f"{TODAY}"}
CALL = 0.2  # seconds that a call of the stand-in of Connect takes


class Crowd:
    """Callers of one function. Each request that comes while another one is answered has a process of its own."""

    def __init__(
        self, function: LambdaFunction, calls: list[float], may_answer: threading.Event, table: "Table"
    ) -> None:
        self.function, self.calls, self.may_answer, self.table = function, calls, may_answer, table

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
        self.table.refused = 0

    async def until(self, has_happened: Callable[[], Any]) -> None:
        """Wait for what takes some hundredths of a second, however busy this machine is."""
        while not has_happened():
            await asyncio.sleep(0.01)


class Table:
    """Look at the table that the processes share."""

    def __init__(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name, self.refused = name, 0
        self._client = boto3.client("dynamodb")
        update_item = DynamoHandler.update_item

        def count(handler: DynamoHandler) -> Any:
            try:
                return update_item(handler)
            except ConditionalCheckFailed:
                self.refused += 1
                raise

        monkeypatch.setattr(DynamoHandler, "update_item", count)

    def has_a_leader_that_waits(self) -> bool:
        """Return whether a process with a lease has said when it will call."""
        return any("expected" in item for item in self._client.scan(TableName=self.name)["Items"])

    def delete(self) -> None:
        self._client.delete_table(TableName=self.name)


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
    table = Table(table_name, monkeypatch)

    def run(scenario: Callable[[Crowd], Awaitable[None]], **settings: str) -> list[float]:
        async def ran() -> None:
            environment = {"AWS_ENDPOINT_URL": aws.url, "TRANSIENT_TABLE_NAME": table_name, "PAGE_SECONDS": "10"}
            function = LambdaFunction(Function("Search", "search_handler.handler", 29, environment | settings))
            try:
                await scenario(Crowd(function, moments, may_answer, table))
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
        await crowd.until(lambda: crowd.table.refused >= 3)  # all but the leader were refused the lease, and wait
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

        async def ask(name: str, wait: int) -> Answer:
            answer = await crowd.ask("2", **DAY, prefer=f"wait={wait}")
            answered.append(name)
            return answer

        leading = asyncio.create_task(ask("leader", 20))
        await crowd.until(crowd.table.has_a_leader_that_waits)
        patient, impatient = await asyncio.gather(ask("patient", 20), ask("impatient", 0))
        leader = await leading
        assert [leader.status, patient.status, impatient.status] == [200, 200, 429]
        assert int(impatient.headers["retry-after"]) > 5
        assert answered[0] == "impatient"

    # The burst is used up before the leader asks.
    assert len(in_a_crowd(scenario, QUOTA_RATE="0.1", QUOTA_BURST="5", WAIT_SECONDS="20")) == 2


async def kill_the_leader(crowd: Crowd, just_before: Callable[[], None]) -> list[Answer]:
    """Kill the process of a caller during its call. Return the answers to two callers who wait for the same page."""
    await crowd.warm_up(3)
    crowd.may_answer.clear()
    leading = asyncio.create_task(crowd.ask(**DAY))
    await crowd.until(lambda: crowd.calls)
    [leader] = crowd.function.busy
    following = asyncio.gather(*(crowd.ask(**DAY) for _ in range(2)))
    await crowd.until(lambda: crowd.table.refused >= 2)
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


def test_when_the_table_dies_with_the_leader_everyone_is_on_their_own(in_a_crowd: Callable[..., list[float]]) -> None:
    async def scenario(crowd: Crowd) -> None:
        answers = await kill_the_leader(crowd, crowd.table.delete)
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
