"""Run scripts/serve as a person runs it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        return self.send("GET", target, key=key)

    def send(self, method: str, target: str, body: Any = None, key: str = "sandbox-full") -> tuple[int, Any]:
        """Send a request, with a body as JSON if there is one. Return the status and the JSON of the answer."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"x-api-key": key, "content-type": "application/json"}
        request = Request(self.url + target, content, headers, method=method)  # noqa: S310 - our own address
        try:
            with urlopen(request, timeout=LONG) as response:  # noqa: S310
                return response.status, json.loads(response.read() or "null")
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def walk(self, query: str) -> list[dict[str, Any]]:
        """Return all contacts of a search, from the first page to the last."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            status, page = self.get(f"/v1/contacts?{query}&limit=100{cursor}")
            assert status == 200, page
            found += page["contacts"]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def workers(self) -> list[int]:
        """Return the processes of the export function."""
        return [
            process
            for process, command in _commands()
            if "lambda_runtime.py" in command and "export_handler" in command and self._is_ours(process)
        ]

    def _is_ours(self, process: int) -> bool:
        while process > 1:
            if process == self.process.pid:
                return True
            process = _parent(process)
        return False

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


def _commands() -> Iterator[tuple[int, str]]:
    """Yield the processes of this machine with their command lines."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            yield int(folder.name), (folder / "cmdline").read_text()


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
