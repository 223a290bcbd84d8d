"""scripts/serve, as a person runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest

from tests.clock import NOW, pythonpath

ROOT = Path(__file__).parent.parent
LONG = 300  # seconds, which only a machine that does nothing else for us ever needs


class Service:
    """The running service; what it prints goes to files, so that nothing waits for a reader."""

    def __init__(self, *options: str) -> None:
        self.url = self.aws_url = ""  # known once it has started
        self.output = TemporaryFile("w+")  # noqa: SIM115 - closed by `close`
        self.errors = TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "sandbox", *options],
            cwd=ROOT,
            env=os.environ | {"PORT": "0", "AWS_PORT": "0", "PYTHONPATH": pythonpath("lambdas")},
            stdout=self.output,
            stderr=self.errors,
        )

    def end(self, number: signal.Signals) -> tuple[str, str]:
        """Ends it by this signal; returns what it printed to standard output and error."""
        self.process.send_signal(number)
        self.process.wait(timeout=LONG)
        return self.printed()

    def printed(self) -> tuple[str, str]:
        self.output.seek(0)
        self.errors.seek(0)
        return self.output.read(), self.errors.read()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.output.close()
        self.errors.close()

    def get(self, target: str, key: str = "sandbox-full") -> tuple[int, Any]:
        try:
            with urlopen(Request(self.url + target, headers={"x-api-key": key}), timeout=LONG) as response:  # noqa: S310 - our own address
                return response.status, json.load(response)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def wait(self) -> None:
        """Waits until it says where it is."""
        deadline = time.monotonic() + LONG
        while time.monotonic() < deadline and self.process.poll() is None:
            output, _ = self.printed()
            if "Ctrl-C" in output:
                [self.url, self.aws_url] = re.findall(r"^(?:Contact search|AWS stand-in) +(\S+)", output, re.MULTILINE)
                assert self.get("/health") == (200, {"status": "ok"})
                return
            time.sleep(0.05)
        raise AssertionError(f"it did not start: {self.printed()}")


@contextmanager
def serving(*options: str) -> Iterator[Service]:
    service = Service(*options)
    try:
        service.wait()
        yield service
    finally:
        service.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_sample_contacts_and_ends_cleanly(number: signal.Signals) -> None:
    with serving("--contacts", "300", "--seed", "5") as service:
        status, page = service.get("/v1/contacts?last=P40D&limit=3")
        assert (status, len(page["contacts"])) == (200, 3)
        _, page = service.get("/v1/contacts?last=PT1H")
        assert page["contacts"]
        assert any("disconnect_timestamp" not in contact for contact in page["contacts"])
        assert service.get("/v1/nothing")[0] == 404
        output, errors = service.end(number)
        assert service.process.returncode == 0
        assert "300 sample contacts" in output
        assert f"'{service.url}/v1/contacts?" in output
        assert "Traceback" not in errors


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


@pytest.mark.parametrize(
    "options", [["--contacts", "-1"], ["--quota", "0"], ["--contact-records", "/nowhere"], ["--contact-lens", "."]]
)
def test_a_wrong_option_is_explained(options: list[str]) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "sandbox", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": pythonpath("lambdas")},
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )
    assert done.returncode == 2
    assert options[0] in done.stderr
