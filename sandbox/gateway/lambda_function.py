"""A Lambda function on the laptop: processes that serve one event at a time each, started when none is idle.

Lambda starts as many environments at once as it has events. On a laptop they would take the time from each other, and
from those that serve already. So an event waits until a core is free to start an environment, or until one is idle.
"""

import asyncio
import contextlib
import json
import math
import os
import sys
from collections import deque
from pathlib import Path
from typing import Any

from sandbox.gateway.template import ROOT, Function

_RUNTIME = Path(__file__).with_name("lambda_runtime.py")
_LONGEST_ANSWER = 6 << 20  # bytes, Lambda's limit
_LONGEST_START = 60  # seconds, on a machine that is busy


class FunctionFailedError(Exception):
    """The function raised an exception (whose message it has), ended, ran out of time or answered too much.

    Attributes:
        error_type: The name of the error, as Step Functions tells errors apart.
    """

    def __init__(self, message: str = "", error_type: str = "Runtime.Unknown") -> None:
        super().__init__(message)
        self.error_type = error_type


def cores() -> asyncio.Semaphore:
    """Return a semaphore that lets as many environments start at once as the machine has cores."""
    return asyncio.Semaphore(os.cpu_count() or 1)


class LambdaFunction:
    """Invokes a function. At most `concurrency` events are served at once; further ones wait.

    Attributes:
        environment: The variables of its processes.
        busy: The environments that have an event.
    """

    def __init__(
        self,
        function: Function,
        concurrency: int = 32,
        free_cores: asyncio.Semaphore | None = None,
        patience: float = 0,
    ) -> None:
        """Functions on one machine share `free_cores`. After `patience` seconds an event starts an environment."""
        self._function = function
        self._patience = patience
        # A profile is of use only where a real instance is searched.
        others = {"AWS_ENDPOINT_URL"} | ({"AWS_PROFILE"} if "AWS_ENDPOINT_URL" in function.environment else set())
        inherited = {name: value for name, value in os.environ.items() if name not in others}
        path = os.pathsep.join(filter(None, (str(ROOT / "lambdas"), inherited.get("PYTHONPATH"))))
        self.environment = inherited | function.environment | {"PYTHONPATH": path}
        self.busy: set[asyncio.subprocess.Process] = set()
        self._idle: list[asyncio.subprocess.Process] = []
        self._waiting: deque[asyncio.Future[asyncio.subprocess.Process]] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(concurrency)
        self._free_cores = free_cores or cores()

    async def start(self) -> None:
        """Starts a first environment, so that the first event does not wait for it."""
        async with self._free_cores:
            self._hand_over(await self._start_process())

    async def invoke(self, event: Any, seconds: float = math.inf) -> Any:
        """Return what the function answers to the event.

        Args:
            event: The event.
            seconds: How long to wait for the answer once an environment has the event.

        Raises:
            FunctionFailedError: The function has failed.
            TimeoutError: There is no answer in time.
        """
        async with self._free:
            process = await self._next_process()
            self.busy.add(process)
            try:
                async with asyncio.timeout(self._function.timeout):
                    answer = await asyncio.wait_for(self._exchange(process, event), seconds)
            except BaseException as error:
                await _end(process)  # it may be in the midst of an event
                if isinstance(error, TimeoutError) and seconds <= self._function.timeout:
                    raise
                if isinstance(error, TimeoutError):
                    raise FunctionFailedError("Task timed out", "Sandbox.Timedout") from error
                if isinstance(error, OSError | ValueError):
                    raise FunctionFailedError("Runtime exited without an answer", "Runtime.ExitError") from error
                raise
            finally:
                self.busy.discard(process)
            self._hand_over(process)
        if "answer" not in answer:
            raise FunctionFailedError(answer["errorMessage"], answer["errorType"])
        return answer["answer"]

    def kill(self) -> None:
        """Kill the environments that serve an event."""
        for process in list(self.busy):
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def stop(self) -> None:
        """Ends the environments that are idle, and those that start."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        while self._idle:
            await _end(self._idle.pop())

    async def _next_process(self) -> asyncio.subprocess.Process:
        """Return an idle environment. If there is none, start one, and return the first that is idle."""
        while self._idle:
            if (process := self._idle.pop()).returncode is None:
                return process  # it has not ended meanwhile
        waiter: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        start = asyncio.create_task(self._start_if_needed())
        self._starting.add(start)
        start.add_done_callback(self._starting.discard)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._hand_over(waiter.result())
            raise

    async def _start_if_needed(self) -> None:
        """Start an environment as soon as a core is free, unless no event waits for one by then."""
        await asyncio.sleep(self._patience)
        async with self._free_cores:
            if all(waiter.done() for waiter in self._waiting):
                return
            try:
                self._hand_over(await self._start_process())
            except (FunctionFailedError, OSError) as error:
                if waiter := self._longest_waiting():
                    waiter.set_exception(error)

    def _hand_over(self, process: asyncio.subprocess.Process) -> None:
        """Give an environment to the event that has waited for the longest time. Without one, it is idle."""
        if waiter := self._longest_waiting():
            waiter.set_result(process)
        else:
            self._idle.append(process)

    def _longest_waiting(self) -> "asyncio.Future[asyncio.subprocess.Process] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _start_process(self) -> asyncio.subprocess.Process:
        """Start a process. Return it when it has imported the function, or raise FunctionFailedError."""
        process = await asyncio.create_subprocess_exec(
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
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            if await asyncio.wait_for(process.stdout.readline(), _LONGEST_START):
                return process
        except BaseException as error:
            await _end(process)
            if isinstance(error, TimeoutError):
                raise FunctionFailedError("Task timed out", "Sandbox.Timedout") from error
            raise
        await _end(process)
        raise FunctionFailedError("Runtime exited without an answer", "Runtime.ExitError")

    async def _exchange(self, process: asyncio.subprocess.Process, event: Any) -> Any:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(json.dumps(event).encode() + b"\n")
        await process.stdin.drain()
        return json.loads(await process.stdout.readline())


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.communicate()  # until its pipes are closed as well
