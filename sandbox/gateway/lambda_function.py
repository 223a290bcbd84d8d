"""A Lambda function on the laptop: processes that serve one event at a time each, started when none is idle."""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from sandbox.gateway.template import ROOT, Function

_RUNTIME = Path(__file__).with_name("lambda_runtime.py")
_LONGEST_ANSWER = 6 << 20  # bytes, Lambda's limit


class FunctionFailedError(Exception):
    """The function raised an exception (whose message it has), ended, ran out of time or answered too much.

    Attributes:
        error_type: The name of the error, as Step Functions tells errors apart.
    """

    def __init__(self, message: str = "", error_type: str = "Runtime.Unknown") -> None:
        super().__init__(message)
        self.error_type = error_type


class LambdaFunction:
    """Invokes a function. At most `concurrency` events are served at once; further ones wait.

    With `patience`, an event waits so many seconds for an environment that is busy, before another one is started.

    Attributes:
        environment: The variables of its processes.
    """

    def __init__(self, function: Function, concurrency: int = 32, patience: float = 0) -> None:
        self._function = function
        self._patience = patience
        # A profile is of use only where a real instance is searched.
        others = {"AWS_ENDPOINT_URL"} | ({"AWS_PROFILE"} if "AWS_ENDPOINT_URL" in function.environment else set())
        inherited = {name: value for name, value in os.environ.items() if name not in others}
        path = os.pathsep.join(filter(None, (str(ROOT / "lambdas"), inherited.get("PYTHONPATH"))))
        self.environment = inherited | function.environment | {"PYTHONPATH": path}
        self._idle: list[asyncio.subprocess.Process] = []
        self._busy: set[asyncio.subprocess.Process] = set()
        self._free = asyncio.Semaphore(concurrency)

    async def start(self) -> None:
        """Starts a first environment, so that the first event does not wait for it."""
        self._idle.append(await self._environment_started())

    async def invoke(self, event: dict[str, Any]) -> Any:
        """What the function answers to the event; raises FunctionFailedError."""
        async with self._free:
            process = await self._environment_found()
            self._busy.add(process)
            try:
                answer = await asyncio.wait_for(self._exchange(process, event), self._function.timeout)
            except BaseException as error:
                await _end(process)  # it may be in the midst of an event
                if isinstance(error, TimeoutError):
                    raise FunctionFailedError("Task timed out", "Sandbox.Timedout") from error
                if isinstance(error, OSError | ValueError):
                    raise FunctionFailedError("Runtime exited without an answer", "Runtime.ExitError") from error
                raise
            finally:
                self._busy.discard(process)
            self._idle.append(process)
        if "answer" not in answer:
            raise FunctionFailedError(answer["errorMessage"], answer["errorType"])
        return answer["answer"]

    def kill(self) -> None:
        """Kill the environments that serve an event."""
        for process in list(self._busy):
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def stop(self) -> None:
        """Ends the idle environments."""
        while self._idle:
            await _end(self._idle.pop())

    async def _environment_found(self) -> asyncio.subprocess.Process:
        """Return an idle environment that has not ended meanwhile, or a new one."""
        latest = time.monotonic() + self._patience
        while self._idle or time.monotonic() < latest:
            if not self._idle:
                await asyncio.sleep(0.005)
            elif (process := self._idle.pop()).returncode is None:
                return process
        return await self._environment_started()

    async def _environment_started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(_RUNTIME),
            self._function.name,
            self._function.handler,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self.environment,
            limit=2 * _LONGEST_ANSWER,
            start_new_session=True,  # Ctrl-C is for the service, which then ends them
        )

    async def _exchange(self, process: asyncio.subprocess.Process, event: dict[str, Any]) -> Any:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(json.dumps(event).encode() + b"\n")
        await process.stdin.drain()
        return json.loads(await process.stdout.readline())


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdout is not None and process.stdout.at_eof():
        with contextlib.suppress(TimeoutError):  # it has ended, or is about to
            await asyncio.wait_for(process.wait(), 1)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.communicate()  # until its pipes are closed as well
