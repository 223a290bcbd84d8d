"""Run an example against the service, and kill it at one of its requests."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.gateway.proxy_event import Request
from tests.api_server import serving_api
from tests.conftest import Answer, Gateway
from tests.serving import LONG


@dataclass(kw_only=True)
class Program:
    """An example, the address of the service that it asks, and the requests of its last run."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    _kill_at_request: int | None = None
    _process: "subprocess.Popen[str] | None" = None

    def execute(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        kill_at_request: int | None,
        folder: Path | None = None,
    ) -> int:
        """Run a command until it ends, is killed at a request or kills itself. Return its exit status."""
        self.requests.clear()
        self._kill_at_request = kill_at_request
        self._process = subprocess.Popen(  # noqa: S603 - the example
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        output, _ = self._process.communicate(timeout=LONG)
        assert self._process.returncode in {0, -signal.SIGKILL}, output
        return self._process.returncode

    @contextmanager
    def served_by(self, gateway: Gateway) -> Iterator[None]:
        """Serve the API, note the program's requests, and kill it at the one that its run names."""

        def answer(request: Request) -> Answer:
            self.requests.append(request)
            if len(self.requests) == self._kill_at_request:
                assert self._process is not None
                self._process.kill()
            return gateway(request)

        with serving_api(answer) as self.url:
            yield
