"""Test scripts/lag against the stand-in, with contacts that become searchable late."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from operations import lag
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.aws_server import AwsServer
from sandbox.options import parse_options
from tests.clock import NOW, Clock, pythonpath
from tests.conftest import INSTANCE_ID
from tests.contact_centre import contact_centre
from tests.operations.commands import run_here

ROOT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("time_field", ["disconnect_timestamp", "connected_to_agent_timestamp"])
def test_the_time_until_a_contact_is_found_is_measured_by_channel(
    aws: AwsServer, connect: Any, still: Clock, monkeypatch: pytest.MonkeyPatch, time_field: str
) -> None:
    # Given contacts that can be found 90 s after their timestamps: of the last hour, and from now on
    def sleep(seconds: float) -> None:
        still.advance(timedelta(seconds=seconds))

    monkeypatch.setattr(lag, "time", SimpleNamespace(sleep=sleep))
    with contact_centre(aws, still, Behaviour(searchable_after=90 * SECOND)) as centre:
        for number in range(150):
            centre.add(f"old-{number}", NOW - timedelta(hours=1) + number * 20 * SECOND)
        for number in range(20):
            centre.add(f"c-{number}", NOW + number * 7 * SECOND, Channel=("VOICE", "CHAT")[number % 2])
        # When the program searches for 5 minutes, with 5 s before each call
        search = lag.search_with(connect, INSTANCE_ID, time_field, 5)
        lags = lag.measure(search, time_field, 5 * MINUTE, 60 * MINUTE)
    # Then it has noticed each new contact, but none that was there before
    assert {channel: len(seconds) for channel, seconds in lags.seconds.items()} == {"VOICE": 10, "CHAT": 10}
    # And knows how late it was: to two calls of 5 s, because the window has more than a page
    every = [seconds for channel in lags.seconds.values() for seconds in channel]
    assert min(every) >= 90
    assert max(every) <= 90 + 2 * 5
    assert [line.split()[:2] for line in lag.table(lags)] == [
        ["channel", "contacts"],
        ["CHAT", "10"],
        ["VOICE", "10"],
        ["all", "20"],
    ]


@pytest.mark.parametrize(
    ("rank", "value"), [(50, 2), (90, 4), (100, 4), (25, 1), (25.1, 2)], ids=lambda value: f"{value:g}"
)
def test_percentiles_are_values_that_were_measured(rank: float, value: float) -> None:
    assert lag.percentile([4, 2, 1, 3], rank) == value


def test_the_command_finds_the_stand_in_of_this_machine(
    aws: AwsServer, still: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "time", SimpleNamespace(sleep=lambda seconds: still.advance(timedelta(seconds=seconds))))
    stand_in = {"AWS_PORT": str(urlsplit(aws.url).port)}
    with contact_centre(aws, still, parse_options(["--searchable-after", "120"]).behaviour) as centre:
        for number in range(30):
            centre.add(f"c-{number}", NOW + number * 5 * SECOND)
        done = run_here(lag.main, ("--minutes", "3", "--between", "2", "--longest", "5"), stand_in)
        nothing = subprocess.run(
            [sys.executable, "-m", "operations.lag", "--minutes", "0.001", "--between", "0"],
            cwd=ROOT,
            env=os.environ | stand_in | {"PYTHONPATH": pythonpath("lambdas")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    [every] = re.findall(r"^all +(\d+) +([\d.]+)s", done.stdout, re.MULTILINE)
    assert int(every[0]) >= 1
    assert 120 <= float(every[1]) < 125
    assert nothing.returncode == 1
    assert "Run it for longer" in nothing.stderr
