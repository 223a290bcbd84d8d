"""Run scripts/serve as a person runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from contact_search import __version__
from tests.clock import pythonpath

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
                assert self.get("/health") == (200, {"status": "ok", "version": __version__})
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
