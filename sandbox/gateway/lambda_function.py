"""Run a Lambda function on the laptop: in processes that each handle one event at a time, started on demand.

Lambda starts an environment for each event at once. On a laptop, environments that start would slow down each other and
those that are running. So an event waits until an environment is idle, or until a core is free to start one.
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
_LONGEST_START = 60  # seconds, on a busy machine


class FunctionFailedError(Exception):
    """The function raised an exception, exited, timed out or returned too much. The message is that of the exception.

    Attributes:
        error_type: The name of the error, by which Step Functions distinguishes errors.
    """

    def __init__(self, message: str = "", error_type: str = "Runtime.Unknown") -> None:
        super().__init__(message)
        self.error_type = error_type


def cores() -> asyncio.Semaphore:
    """Return a semaphore that lets one environment start per core at a time."""
    return asyncio.Semaphore(os.cpu_count() or 1)


class LambdaFunction:
    """Invoke a function. At most `concurrency` events are handled at once; further ones wait.

    Attributes:
        environment: The environment variables of its processes.
        busy: The processes that are handling an event.
    """

    def __init__(
        self,
        function: Function,
        concurrency: int = 32,
        free_cores: asyncio.Semaphore | None = None,
        patience: float = 0,
    ) -> None:
        """Share `free_cores` with other functions. Start an environment for an event after `patience` seconds."""
        self._function = function
        self._patience = patience
        # A profile is useful only if a real instance is searched.
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
        """Start an environment before the first event comes."""
        async with self._free_cores:
            self._hand_over(await self._start_process())

    async def invoke(self, event: Any, seconds: float = math.inf) -> Any:
        """Return the function's response to the event.

        Args:
            event: The event.
            seconds: The longest wait for the response, counted from when an environment receives the event.

        Raises:
            FunctionFailedError: The function failed.
            TimeoutError: The response did not come in time.
        """
        async with self._free:
            process = await self._next_process()
            self.busy.add(process)
            try:
                async with asyncio.timeout(self._function.timeout):
                    answer = await asyncio.wait_for(self._exchange(process, event), seconds)
            except BaseException as error:
                await _end(process)  # it may still be handling the event
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
        """Kill the environments that are handling an event."""
        for process in list(self.busy):
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def stop(self) -> None:
        """Stop the environments that are idle or starting."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        while self._idle:
            await _end(self._idle.pop())

    async def _next_process(self) -> asyncio.subprocess.Process:
        """Return an idle environment. If there is none, start one, and return the first one that becomes idle."""
        while self._idle:
            if (process := self._idle.pop()).returncode is None:
                return process  # it has not exited in the meantime
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
        """Start an environment as soon as a core is free, unless no event is waiting by then."""
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
        """Give an environment to the event that has waited longest. If none is waiting, keep it as idle."""
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
        """Start a process, and return it when it has imported the function.

        Raises:
            FunctionFailedError: It exited or timed out.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_RUNTIME),
            self._function.name,
            self._function.handler,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self.environment,
            limit=2 * _LONGEST_ANSWER,
            start_new_session=True,  # Ctrl-C goes to the service, which then stops them
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
    await process.communicate()  # waits until its pipes are closed too
