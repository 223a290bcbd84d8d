"""Test failures during exports: no contact is lost or doubled, and the export continues or says why it cannot."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from contact_search import aws_clients
from contact_search.access.clients import find_client
from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.directory import Directory, DirectoryUnavailableError
from contact_search.amazon_connect.errors import UnavailableError
from contact_search.api.export_events import SliceFailedError, answer_event
from contact_search.exports.files import ExportFiles
from contact_search.exports.store import ExportStore
from contact_search.settings import ExportSettings
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.transient_table import TransientTable
from operations import registry
from operations.deployed import Deployed
from tests.clock import TODAY, Clock
from tests.service.conftest import Exports, contacts_of
from tests.service.test_exports import BODY, SMALL, walk
from tests.upstream import upstream


class Killed(BaseException):
    """End the process here, so that no more of its code runs."""


class Calls:
    """Count the calls of AWS, and end the process before or after one of them has been sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self._kill_at, self._has_answer = 0, False
        send = URLLib3Session.send

        def watched(session: URLLib3Session, request: Any) -> Any:
            self.made += 1
            if self.made == self._kill_at and not self._has_answer:
                raise Killed
            response = send(session, request)
            if self.made == self._kill_at:
                raise Killed
            return response

        monkeypatch.setattr(URLLib3Session, "send", watched)

    @contextmanager
    def killed_at(self, number: int, *, has_answer: bool) -> Iterator[None]:
        """Kill the process that makes this call from now on."""
        self.made, self._kill_at, self._has_answer = 0, number, has_answer
        try:
            yield
        except Killed:
            pass
        finally:
            self._kill_at = 0


@pytest.fixture
def calls(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> Calls:  # noqa: ARG001 - it is made without kills
    return Calls(monkeypatch)


@pytest.fixture
def small_slices(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - sets the tools
    """Export in slices of 50 contacts."""
    import export_handler  # noqa: PLC0415

    monkeypatch.setattr(export_handler, "tools", replace(export_handler.tools, slice_contacts=50))


@pytest.fixture
def use(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:  # noqa: ARG001 - sets the tools
    """Return a function that changes the dependencies with which slices are exported."""
    import export_handler  # noqa: PLC0415

    def change(**tools: Any) -> None:
        monkeypatch.setattr(export_handler, "tools", replace(export_handler.tools, **tools))

    return change


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("has_answer", [False, True], ids=["before a call", "after a call"])
def test_a_worker_is_killed_at_every_call(exports: Exports, calls: Calls, *, has_answer: bool) -> None:
    expected = walk(exports.api, SMALL)
    number = was_killed = 0
    while was_killed == number:
        number += 1
        export_id = exports.create(SMALL)
        done = False
        with calls.killed_at(number, has_answer=has_answer):
            while not done:
                done = exports.run_slice(export_id)
        was_killed += not done
        export = exports.finish(export_id)
        assert export["status"] == "succeeded"
        assert contacts_of(export) == expected, f"killed at call {number}"
        assert len(export["parts"]) == -(-len(expected) // 50)
        assert len(exports.files()) == len(export["parts"]), "garbage is left"
        assert exports.delete(export_id).status == 204
    assert number > 15  # three slices of several calls


@pytest.mark.parametrize("has_answer", [False, True], ids=["before a call", "after a call"])
def test_the_api_is_killed_at_every_call_that_creates_an_export(
    exporting_client: Callable[..., Exports], calls: Calls, *, has_answer: bool
) -> None:
    number = 0
    while True:
        number += 1
        exports = exporting_client()
        exports.api.send("GET", "/v1/exports")  # the client's item is cached
        answered = False
        with calls.killed_at(number, has_answer=has_answer):
            exports.post(SMALL, {"idempotency-key": "once"})
            answered = True
        export_id = exports.create(SMALL, {"idempotency-key": "once"})
        [listed] = exports.api.send("GET", "/v1/exports").json["exports"]
        assert listed["id"] == export_id
        assert executions(exports, export_id) == 1
        assert exports.finish(export_id)["status"] == "succeeded"
        if answered:
            break
    assert number > 3


def executions(exports: Exports, export_id: str) -> int:
    """Return the number of the export's executions of the state machine."""
    return sum(execution["name"].startswith(export_id) for execution in exports.executions())


@pytest.mark.usefixtures("small_slices")
def test_a_deletion_is_killed_at_every_call(exports: Exports, calls: Calls) -> None:
    for number in range(1, 20):
        export_id = exports.create(SMALL)
        exports.run_slice(export_id)
        is_deleted = False
        with calls.killed_at(number, has_answer=True):
            exports.delete(export_id)
            is_deleted = True
        assert exports.delete(export_id).status == 204
        assert exports.get(export_id)["parts"] == []
        assert not exports.files()
        assert exports.run_slice(export_id)
        if is_deleted:
            return
    raise AssertionError("the deletion makes more calls than expected")


@pytest.mark.usefixtures("small_slices")
def test_several_workers_at_once_export_each_contact_once(exports: Exports) -> None:
    import export_handler  # noqa: PLC0415

    expected = walk(exports.api, SMALL)
    export_id = exports.create(SMALL)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while not answer_event(exports.event(export_id), export_handler.tools)["is_done"]:
                pass
        except BaseException as error:  # noqa: BLE001 - the test says so
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    export = exports.get(export_id)
    assert contacts_of(export) == expected
    assert exports.run_slice(export_id)  # the last one removes what the others have left
    assert len(exports.files()) == len(export["parts"])


def test_an_export_is_deleted_in_mid_slice(
    exports: Exports, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    export_id = exports.create(BODY)
    monkeypatch.setattr("contact_search.exports.worker._SECONDS_BETWEEN_LOOKS", 0)
    pages = interrupt(use, 3, lambda: exports.delete(export_id))
    assert exports.run_slice(export_id)
    assert len(pages) == 3  # it does not continue to the end of its slice
    assert exports.get(export_id)["status"] == "canceled"
    assert not exports.files()


def test_an_export_is_deleted_while_its_part_is_written(exports: Exports, use: Callable[..., None]) -> None:
    export_id = exports.create(SMALL)
    interrupt(use, 2, lambda: exports.delete(export_id))
    assert exports.run_slice(export_id)
    assert exports.get(export_id)["status"] == "canceled"
    assert not exports.files()


def interrupt(use: Callable[..., None], after: int, action: Callable[[], Any]) -> list[int]:
    """Do something after this many more pages have been read. Return the counter of pages."""
    import export_handler  # noqa: PLC0415

    connect, pages = export_handler.tools.connect, []

    class Interrupted:
        def search(self, *request: Any) -> Any:
            result = connect.search(*request)
            pages.append(1)
            if len(pages) == after:
                action()
            return result

    use(connect=Interrupted())
    return pages


@pytest.mark.parametrize("change", ["narrowed", "revoked"])
@pytest.mark.parametrize("when", ["between slices", "in mid-slice"])
def test_a_changed_grant_ends_an_export(
    stack: Deployed,
    exporting_client: Callable[..., Exports],
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    when: str,
) -> None:
    exports = exporting_client()
    export_id = exports.create(BODY)
    assert not exports.run_slice(export_id)

    def change_grant() -> None:
        if change == "revoked":
            registry.revoke(stack, exports.client)
        else:
            registry.regrant(stack, exports.client, {"channels": ["VOICE"]}, wider=False)

    if when == "in mid-slice":
        monkeypatch.setattr("contact_search.exports.worker._SECONDS_BETWEEN_LOOKS", 0)
        interrupt(use, 1, change_grant)
    else:
        change_grant()
    assert exports.run_slice(export_id)
    assert not exports.files()
    if change == "narrowed":
        export = exports.get(export_id)
        assert (export["status"], export["problem"]["type"]) == ("failed", "/problems/forbidden")
        assert export["parts"] == []


def test_a_changed_grant_ends_an_export_when_somebody_looks(
    stack: Deployed, exporting_client: Callable[..., Exports], forget_clients: Callable[[], None]
) -> None:
    exports = exporting_client()
    running, finished = exports.create(BODY), exports.create(SMALL)
    exports.run_slice(running)
    exports.finish(finished)
    registry.regrant(stack, exports.client, {"exports": False}, wider=False)
    forget_clients()
    assert exports.api.send("GET", "/v1/exports").status == 403
    assert exports.post(SMALL).status == 403
    export = exports.get(running)
    assert (export["status"], export["problem"]["type"], export["parts"]) == ("failed", "/problems/forbidden", [])
    export = exports.get(finished)
    assert (export["status"], export["parts"]) == ("succeeded", [])
    assert "problem" not in export
    assert not exports.files()
    assert exports.run_slice(running)


def test_an_export_survives_an_authorizer_that_has_not_seen_the_new_grant(
    stack: Deployed, exporting_client: Callable[..., Exports]
) -> None:
    """Create the export in one environment while another still has the old revision, as it may for 60 seconds."""
    import search_handler  # noqa: PLC0415

    exports, table = exporting_client(), search_handler.services.durable_table
    export_id = exports.create(SMALL)  # from now on the authorizer knows this revision
    registry.regrant(stack, exports.client, {"lookback": timedelta(days=365)}, wider=False)
    client, store = find_client(table, exports.client), ExportStore(table)
    job = store.get(exports.client, export_id)
    assert client is not None
    assert job is not None
    assert client.revision != job.revision
    store.save(job.changed(job.updated_at, revision=client.revision))  # as another environment would have created it
    assert exports.get(export_id)["status"] == "queued"
    assert exports.finish(export_id)["status"] == "succeeded"


def use_endpoint(use: Callable[..., None], service: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export slices with clients of another endpoint."""

    settings = ExportSettings.from_environment()
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", url)
    dynamodb = aws_clients.dynamodb_client(1, 1)
    if service == "connect":
        instance = ConnectClient(settings.connect_instance_id, aws_clients.connect_client())
        transient = TransientTable(settings.transient_table_name, dynamodb)
        use(connect=AmazonConnect(instance, None, None, 0, 0), directory=Directory(instance, transient))
    elif service == "s3":
        use(files=ExportFiles(settings.export_bucket_name, aws_clients.s3_client(1, 1)))
    else:
        use(table=DurableTable(settings.durable_table_name, dynamodb))
    monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service.upper()}")


OUTAGES = [
    ("connect", 503, "ServiceUnavailableException", "upstream-unavailable"),
    ("connect", 500, "InternalServiceException", "upstream-error"),
    ("connect", 403, "AccessDeniedException", "misconfigured"),
    ("s3", 503, "SlowDown", "upstream-unavailable"),
    ("s3", 507, "InsufficientStorage", "upstream-unavailable"),
    ("s3", 403, "AccessDenied", "upstream-unavailable"),
    ("dynamodb", 500, "InternalServerError", "upstream-unavailable"),
    ("dynamodb", 400, "ResourceNotFoundException", "upstream-unavailable"),
]


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize(("service", "status", "error", "problem"), OUTAGES)
def test_what_may_pass_is_tried_again(
    exports: Exports,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    status: int,
    error: str,
    problem: str,
) -> None:
    import export_handler  # noqa: PLC0415

    export_id = exports.create(SMALL)
    exports.run_slice(export_id)
    before, tools = exports.get(export_id), export_handler.tools
    with upstream(status, json.dumps({"__type": error, "message": "about Jane Doe"}), error) as url:
        use_endpoint(use, service, url, monkeypatch)
        for _ in range(2):
            with pytest.raises(SliceFailedError) as failed:
                exports.run_slice(export_id)
    assert "Jane Doe" not in str(failed.value)
    assert json.loads(str(failed.value))["type"] == f"/problems/{problem}"
    during = exports.get(export_id)
    assert during["status"] == "running"
    assert during["contacts"] == before["contacts"]
    monkeypatch.setattr(export_handler, "tools", tools)
    assert contacts_of(exports.finish(export_id)) == walk(exports.api, SMALL)


def test_the_state_machine_gives_up(
    exports: Exports, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    export_id = exports.create(BODY)
    exports.run_slice(export_id)
    with upstream(503, "{}", "ServiceUnavailableException") as url:
        use_endpoint(use, "connect", url, monkeypatch)
        with pytest.raises(SliceFailedError) as failed:
            exports.run_slice(export_id)
    cause = {"errorMessage": str(failed.value), "errorType": "SliceFailedError", "stackTrace": []}
    exports.give_up(export_id, {"Error": "SliceFailedError", "Cause": json.dumps(cause)})
    export = exports.get(export_id)
    assert export["status"] == "failed"
    assert export["problem"] == {
        "type": "/problems/upstream-unavailable",
        "title": export["problem"]["title"],
        "status": 503,
        "detail": "Amazon Connect cannot be reached.",
    }
    assert len(export["parts"]) == 1
    assert len(contacts_of(export)) == 400
    assert exports.run_slice(export_id)


@pytest.mark.parametrize(
    "error",
    [
        "States.Timeout",
        {},
        {"Error": "Lambda.Unknown", "Cause": "The cause could not be determined"},
        {"Error": "Sandbox.Timedout", "Cause": '{"errorMessage": "Task timed out"}'},
        {"Error": "x", "Cause": '{"errorMessage": "[1]"}'},
    ],
)
def test_an_unknown_error_is_ours(exports: Exports, error: Any) -> None:
    export_id = exports.create(SMALL)
    exports.give_up(export_id, error)
    export = exports.get(export_id)
    assert (export["status"], export["problem"]["type"]) == ("failed", "/problems/internal")
    exports.give_up(export_id, error)
    assert exports.get(export_id) | {"parts": []} == export | {"parts": []}


def test_an_export_that_has_ended_cannot_fail(exports: Exports) -> None:
    export = exports.finish(exports.create(SMALL))
    exports.give_up(export["id"], {"Error": "x"})
    assert exports.get(export["id"])["status"] == "succeeded"


@pytest.mark.parametrize(
    ("status", "error", "problem"),
    [
        (404, "ResourceNotFoundException", "instance-not-found"),
        (400, "InvalidRequestException", "rejected-by-connect"),
    ],
)
def test_what_no_attempt_can_change_ends_the_export(
    exports: Exports,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: str,
    problem: str,
) -> None:
    export_id = exports.create(BODY)
    exports.run_slice(export_id)
    with upstream(status, '{"Message": "Key is not searchable"}', error) as url:
        use_endpoint(use, "connect", url, monkeypatch)
        assert exports.run_slice(export_id)
    export = exports.get(export_id)
    assert (export["status"], export["problem"]["type"]) == ("failed", f"/problems/{problem}")
    assert len(contacts_of(export)) == 400


def test_connect_fails_in_mid_slice(exports: Exports, use: Callable[..., None]) -> None:
    """Keep what has been read, so that the next slice continues from there."""

    def fail() -> None:
        raise UnavailableError("ServiceUnavailableException")

    export_id = exports.create(BODY)
    pages = interrupt(use, 3, fail)
    assert not exports.run_slice(export_id)
    export = exports.get(export_id)
    assert 0 < export["contacts"] <= 200
    assert contacts_of(exports.finish(export_id)) == walk(exports.api, BODY)
    assert len(pages) > 10


def test_connect_throttles_all_the_time(
    exports: Exports, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wait without failing: the slice ends when its time is over, and the next one continues."""
    import export_handler  # noqa: PLC0415

    export_id, tools = exports.create(SMALL), export_handler.tools
    with upstream(429, "{}", "ThrottlingException") as url:
        use_endpoint(use, "connect", url, monkeypatch)
        use(slice_seconds=0.1)
        assert not exports.run_slice(export_id)
    assert exports.get(export_id)["status"] == "running"
    monkeypatch.setattr(export_handler, "tools", tools)
    assert contacts_of(exports.finish(export_id)) == walk(exports.api, SMALL)


def test_a_slice_ends_when_its_time_is_over(exports: Exports, use: Callable[..., None]) -> None:
    use(slice_seconds=0)
    export_id = exports.create(BODY)
    assert not exports.run_slice(export_id)
    assert 0 < exports.get(export_id)["contacts"] <= 100  # at least a page, or it would never make progress
    assert contacts_of(exports.finish(export_id)) == walk(exports.api, BODY)


def test_names_are_waited_for(exports: Exports, use: Callable[..., None]) -> None:
    """Wait, because a file that is written without the requested names would never get them."""
    import export_handler  # noqa: PLC0415

    class Unavailable:
        def snapshot_with(self, *_: Any) -> Any:
            raise DirectoryUnavailableError

    directory, search = export_handler.tools.directory, {**SMALL, "expand": ["queue"]}
    export_id = exports.create(search)
    use(directory=Unavailable())
    with pytest.raises(SliceFailedError, match="upstream-unavailable"):
        exports.run_slice(export_id)
    use(directory=directory)
    assert contacts_of(exports.finish(export_id)) == walk(exports.api, search)


def test_the_bucket_is_gone(exports: Exports) -> None:
    s3 = exports.aws.s3
    export_id = exports.create(SMALL)
    s3.delete_bucket(Bucket=exports.bucket)
    with pytest.raises(SliceFailedError, match="upstream-unavailable"):
        exports.run_slice(export_id)
    assert exports.get(export_id)["status"] == "running"
    assert exports.delete(export_id).status == 204
    assert exports.get(export_id)["parts"] == []
    with pytest.raises(SliceFailedError):  # its files cannot be deleted yet
        exports.run_slice(export_id)
    s3.create_bucket(Bucket=exports.bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    assert exports.run_slice(export_id)
    other = exports.create(SMALL)
    assert contacts_of(exports.finish(other)) == walk(exports.api, SMALL)


@pytest.fixture
def no_machine(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:  # noqa: ARG001
    """Remove the state machine. Return a function that restores it."""
    import search_handler  # noqa: PLC0415

    services = search_handler.services
    arn = "arn:aws:states:eu-west-2:111122223333:stateMachine:gone"
    settings = services.settings.model_copy(update={"export_state_machine_arn": arn})
    monkeypatch.setattr(search_handler, "services", replace(services, settings=settings))
    return lambda: monkeypatch.setattr(search_handler, "services", services)


def test_an_export_that_cannot_be_started_is_none(exports: Exports, no_machine: Callable[[], None]) -> None:
    for _ in range(5):  # they do not count
        answer = exports.post(SMALL)
        assert (answer.status, answer.json["type"]) == (503, "/problems/upstream-unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert exports.api.send("GET", "/v1/exports").json["exports"] == []
    no_machine()
    exports.create(SMALL)


def test_an_export_that_cannot_be_started_is_started_by_its_key(
    exports: Exports, no_machine: Callable[[], None]
) -> None:
    key = {"idempotency-key": "once"}
    for _ in range(5):
        assert exports.post(SMALL, key).status == 503
    [waiting] = exports.api.send("GET", "/v1/exports").json["exports"]
    no_machine()
    assert exports.create(SMALL, key) == waiting["id"]
    assert executions(exports, waiting["id"]) == 1


@pytest.mark.parametrize("path", ["/v1/exports", "/v1/exports/ID"], ids=["list", "one"])
def test_an_export_that_was_never_started_is_started_when_somebody_looks(
    exports: Exports, no_machine: Callable[[], None], clock: Clock, path: str
) -> None:
    assert exports.post(SMALL, {"idempotency-key": "once"}).status == 503
    [waiting] = exports.api.send("GET", "/v1/exports").json["exports"]
    clock.advance(timedelta(seconds=61))
    assert exports.get(waiting["id"])["status"] == "queued"  # it cannot be started yet, but it is shown
    no_machine()
    assert executions(exports, waiting["id"]) == 0
    assert exports.api.send("GET", path.replace("ID", waiting["id"])).status == 200
    assert executions(exports, waiting["id"]) == 1


def test_an_export_whose_execution_was_stopped_is_started_again(exports: Exports, clock: Clock) -> None:
    export_id = exports.create(BODY)
    exports.run_slice(export_id)
    [execution] = exports.executions()
    assert execution["name"] == export_id
    exports.aws.step_functions.stop_execution(executionArn=execution["executionArn"])
    exports.get(export_id)
    assert executions(exports, export_id) == 1
    clock.advance(timedelta(hours=4))
    exports.get(export_id)
    assert executions(exports, export_id) == 2
    assert contacts_of(exports.finish(export_id)) == walk(exports.api, BODY)


def test_the_table_is_gone(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    import search_handler  # noqa: PLC0415

    export_id = exports.create(SMALL)
    table = DurableTable("there-is-none", search_handler.dynamodb)
    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, durable_table=table))
    for method, path in (("GET", ""), ("GET", f"/{export_id}"), ("DELETE", f"/{export_id}")):
        answer = exports.api.send(method, f"/v1/exports{path}")
        assert (answer.status, answer.json["type"]) == (503, "/problems/upstream-unavailable")
    assert exports.post(SMALL).status == 503


def test_an_export_of_a_later_version_fails_openly(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a position of a version that this one cannot read, as may happen after a rollback."""
    export_id = exports.create(BODY)
    with monkeypatch.context() as patch:
        patch.setattr("contact_search.search.cursor.POSITION_VERSION", 99)
        exports.run_slice(export_id)
    export = exports.finish(export_id)
    assert (export["status"], export["problem"]["type"]) == ("failed", "/problems/cursor-expired")
    assert len(contacts_of(export)) == 400


def test_an_export_that_does_not_exist_is_done(exports: Exports) -> None:
    assert exports.run_slice("019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071")
    exports.give_up("019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071", {"Error": "x"})


def test_an_export_does_without_the_tokens_of_connect(exports: Exports, clock: Clock) -> None:
    """Continue without a NextToken: an export may pause for hours, and AWS does not say how long a token lives."""
    expected = walk(exports.api, BODY)
    export_id = exports.create(BODY)
    while not exports.run_slice(export_id):
        clock.advance(timedelta(hours=25))
    assert contacts_of(exports.get(export_id)) == expected


def test_an_order_that_cannot_do_without_a_token_says_so(exports: Exports, clock: Clock) -> None:
    window = BODY["time_range"] | {"start_time": f"{TODAY - timedelta(days=50)}"}
    export_id = exports.create({"time_range": window, "sort": {"field_name": "CHANNEL", "order": "ASCENDING"}})
    assert not exports.run_slice(export_id)
    clock.advance(timedelta(hours=25))
    export = exports.finish(export_id)
    assert (export["status"], export["problem"]["type"]) == ("failed", "/problems/cursor-expired")
    assert len(contacts_of(export)) == 400
