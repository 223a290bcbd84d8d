"""Test the template's state machine in the stand-in: it invokes the export function until an export is done."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws_server import AwsServer
from sandbox.deployment import create_client, deploy, find_function
from sandbox.gateway.template import synthesized

# No other test deploys in these. Each stand-in needs its own, as moto keeps what is in a region until the process ends.
REGIONS = iter(("eu-central-1", "ap-southeast-2", "ca-central-1", "ap-northeast-1", "sa-east-1", "eu-north-1"))
# Replaces the worker: records each event, then does what the export's id says for this attempt.
WORKER = """
import json, os, pathlib

def handler(event, context):
    path = pathlib.Path(os.environ["NOTES"]) / event["export_id"].partition("_")[0]
    with path.open("a") as notes:
        notes.write(json.dumps(event) + "\\n")
    attempt = len(path.read_text().splitlines())
    behaviours = event["export_id"].partition("_")[2]
    behaviour = behaviours[min(attempt, len(behaviours)) - 1]
    if "error" in event:
        return {"is_done": True}
    if behaviour == "k":
        os.kill(os.getpid(), 9)
    if behaviour == "e":
        raise ConnectionError("Connect is away")
    return {"is_done": behaviour == "d"}
"""


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory, notes: Path) -> Iterator[Any]:
    """Return a boto3 client of Step Functions in a stand-in where the template runs with a worker of our own."""
    root, region = tmp_path_factory.mktemp("root"), next(REGIONS)
    instance_arn = f"arn:aws:connect:{region}:111122223333:instance/c0ffee00-0000-4000-8000-000000000002"
    (root / "lambdas").mkdir()
    for name, source in (("export_handler.py", WORKER), ("search_handler.py", ""), ("authorizer_handler.py", "")):
        (root / "lambdas" / name).write_text(source)
    template = synthesized()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.gateway.template.ROOT", root)
        patch.setattr("sandbox.gateway.lambda_function.ROOT", root)
        server = AwsServer()
        server.start()
        functions = deploy(template, server.url, instance_arn, None, {"NOTES": str(notes)})
        client = create_client("stepfunctions", server.url, region)
        client.machine_arn = find_function(functions, "search_handler").environment["EXPORT_STATE_MACHINE_ARN"]
        yield client
        server.stop()


Run = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def run(states: Any, notes: Path) -> Run:
    """Run an execution to its end. Return its description, and the events that the worker received."""

    def until_done(behaviours: str, machine_arn: str | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        name = uuid.uuid4().hex
        export = {"client": "full", "export_id": f"{name}_{behaviours}"}
        arn = states.start_execution(
            stateMachineArn=machine_arn or states.machine_arn, name=name, input=json.dumps(export)
        )["executionArn"]
        return wait_for(states, arn), [json.loads(line) for line in (notes / name).read_text().splitlines()]

    return until_done


def wait_for(states: Any, execution_arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        described: dict[str, Any] = states.describe_execution(executionArn=execution_arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.1)
    events = states.get_execution_history(executionArn=execution_arn)["events"]
    raise AssertionError(f"still running: {[event for event in events if event['type'].endswith('Failed')]}")


@pytest.fixture
def machine_with(states: Any) -> Callable[..., str]:
    """Make a state machine like the template's, with other figures in its definition. Return its ARN."""

    def make(**figures: int) -> str:
        original = states.describe_state_machine(stateMachineArn=states.machine_arn)
        name = f"m-{uuid.uuid4().hex}"
        definition = original["definition"].replace(original["name"], name)
        for figure, value in figures.items():
            head, _, tail = definition.partition(f'"{figure}":')
            assert tail, figure
            definition = f'{head}"{figure}":{value}{tail.lstrip("0123456789")}'
        arn = states.create_state_machine(name=name, definition=definition, roleArn=original["roleArn"])
        return str(arn["stateMachineArn"])

    return make


@pytest.mark.parametrize(
    ("behaviours", "invocations"), [("d", 1), ("nnnd", 4), ("nknenkd", 7)], ids=["at_once", "slices", "failures"]
)
def test_slices_are_exported_until_all_are_done(run: Run, behaviours: str, invocations: int) -> None:
    described, events = run(behaviours)
    assert described["status"] == "SUCCEEDED"
    assert len(events) == invocations
    assert all(set(event) == {"client", "export_id"} for event in events)


@pytest.mark.parametrize(("behaviours", "error"), [("ne", "ConnectionError"), ("nk", "Runtime.ExitError")])
def test_an_export_that_is_given_up_is_marked_as_failed(
    run: Run, machine_with: Callable[..., str], behaviours: str, error: str
) -> None:
    described, events = run(behaviours, machine_with(MaxAttempts=2))
    assert (described["status"], described["error"]) == ("FAILED", "ExportFailed")
    assert len(events) == 1 + 3 + 1
    assert [event.get("error", {}).get("Error") for event in events] == [None] * 4 + [error]


def test_an_export_of_many_slices_is_continued_by_other_executions(
    run: Run, states: Any, machine_with: Callable[..., str], notes: Path
) -> None:
    machine_arn = machine_with(NumericGreaterThanEquals=2)
    described, _ = run("nnnnd", machine_arn)
    assert described["status"] == "SUCCEEDED"
    arn = described["executionArn"]
    for _ in range(2):
        arn += "-"
        assert wait_for(states, arn)["status"] == "SUCCEEDED"
    assert len((notes / described["name"]).read_text().splitlines()) == 5
    assert len(states.list_executions(stateMachineArn=machine_arn)["executions"]) == 3
