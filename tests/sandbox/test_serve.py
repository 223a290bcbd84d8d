"""Test scripts/serve as a person runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from sandbox.aws_server import REGION
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.options import parse_options
from tests.clock import NOW, pythonpath
from tests.serving import LONG, ROOT, serving


def search_directly(aws_url: str) -> None:
    """Call the stand-in of Amazon Connect."""
    credentials = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client = boto3.client("connect", endpoint_url=aws_url, region_name=REGION, **credentials)
    window = {"Type": "INITIATION_TIMESTAMP", "StartTime": NOW, "EndTime": NOW}
    client.search_contacts(InstanceId=INSTANCE_ARN.rsplit("/")[-1], TimeRange=window)


def test_it_serves_sample_contacts_and_ends_cleanly() -> None:
    with serving("--contacts", "300", "--seed", "5", "--latency", "200") as service:
        status, page = service.get("/v1/contacts?last=P40D&limit=3")
        assert (status, len(page["contacts"])) == (200, 3)
        _, page = service.get("/v1/contacts?last=PT1H")
        assert page["contacts"]
        assert any("disconnect_timestamp" not in contact for contact in page["contacts"])
        assert service.get("/v1/nothing")[0] == 404
        # With latency an export is not done before the service ends.
        time_range = {"type": "INITIATION_TIMESTAMP", "start_time": "2026-08-20", "end_time": f"{NOW.date()}"}
        assert service.send("POST", "/v1/exports", {"time_range": time_range})[0] == 202
        wait_until(service.workers)
        workers = service.workers()
        output, errors = service.end(signal.SIGTERM)
        assert service.process.returncode == 0
        assert "300 sample contacts" in output
        assert f"'{service.url}/v1/contacts?" in output
        assert "Traceback" not in errors
        wait_until(lambda: not any(is_running(worker) for worker in workers))


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_serves_contact_records_and_transcripts(tmp_path: Path) -> None:
    arn = "arn:aws:connect:us-west-2:999900001111:instance/12345678-aaaa-bbbb-cccc-1234567890ab"
    start = NOW - timedelta(hours=2)
    records = [
        {"ContactId": f"c-{n}", "InstanceARN": arn, "Channel": "VOICE", "InitiationTimestamp": start.isoformat()}
        for n in range(3)
    ]
    analysis = {
        "CustomerMetadata": {"ContactId": "c-1"},
        "Participants": [{"ParticipantId": "x", "ParticipantRole": "AGENT"}],
        "Transcript": [{"ParticipantId": "x", "Content": "Hello, world"}],
    }
    (tmp_path / "records").write_text("".join(map(json.dumps, records)) + "{oops")
    (tmp_path / "lens").write_text(json.dumps(analysis))
    with serving("--contact-records", str(tmp_path / "records"), "--contact-lens", str(tmp_path / "lens")) as service:
        _, page = service.get("/v1/contacts?last=P1D")
        assert sorted(contact["id"] for contact in page["contacts"]) == ["c-0", "c-1", "c-2"]
        assert page["contacts"][0]["arn"].startswith(f"{arn}/contact/")
        _, page = service.get("/v1/contacts?last=P1D&transcript=hello%20WORLD")
        assert [contact["id"] for contact in page["contacts"]] == ["c-1"]
        client = boto3.client(
            "connect",
            endpoint_url=service.aws_url,
            region_name="us-west-2",
            aws_access_key_id="any",
            aws_secret_access_key="any",  # noqa: S106
        )
        time_range = {"Type": "INITIATION_TIMESTAMP", "StartTime": start, "EndTime": start}
        assert client.search_contacts(InstanceId=arn[-36:], TimeRange=time_range)["TotalCount"] == 3
        output, errors = service.end(signal.SIGINT)
        assert service.process.returncode == 0
    assert "Traceback" not in errors
    assert "3 contacts of" in output
    assert "1 bad records skipped" in output
    assert f"skipped: {tmp_path / 'records'}, character" in errors


def test_the_quota_and_the_latency_are_the_stand_ins() -> None:
    with serving("--contacts", "10", "--quota", "0.002", "--latency", "150") as service:
        began = time.monotonic()
        assert service.get("/v1/contacts?last=P1D")[0] == 200
        assert time.monotonic() - began >= 0.15
        status, problem = service.get("/v1/contacts?last=P2D")
        assert (status, problem["type"]) == (429, "/problems/throttled")


def test_a_crowd_that_meets_cold_environments_is_answered() -> None:
    """Given a quota of one call in two seconds, 12 callers who ask for the same at once are all answered."""
    with serving("--contacts", "100", "--quota", "0.5") as service, ThreadPoolExecutor(12) as callers:
        search_directly(service.aws_url)  # the stand-in's first call is slow
        time.sleep(2)
        answers = list(callers.map(lambda _: service.get("/v1/contacts?last=P7D&limit=5"), range(12)))
    assert [status for status, _ in answers] == [200] * 12
    assert all(page["contacts"] for _, page in answers)


@pytest.mark.parametrize(
    "options",
    [
        ["--contacts", "-1"],
        ["--quota", "0"],
        ["--contact-records", "/nowhere"],
        ["--contact-lens", "."],
        ["--oidc-issuer", "https://issuer.example"],
        ["--oidc-client-id", "explorer"],
    ],
)
def test_a_wrong_option_is_explained(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(options)
    assert ended.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_an_issuer_that_cannot_be_asked_is_explained() -> None:
    oidc = ("--oidc-issuer", "http://127.0.0.1:1", "--oidc-audience", "contacts", "--oidc-client-id", "explorer")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "sandbox", *oidc],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": pythonpath("lambdas")},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )
    assert done.returncode == 1
    assert "discovery document" in done.stderr
    assert "Traceback" not in done.stderr
