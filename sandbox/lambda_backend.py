"""Run the functions that Step Functions invokes in processes of this machine.

moto would run them in Docker or not at all. These have the environment, timeout and errors of AWS Lambda.
"""

import asyncio
import json
import threading
from functools import cache
from typing import Any

from moto.awslambda_simple.models import LambdaSimpleBackend, lambda_simple_backends
from moto.core.config import default_user_config

from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.template import Function


class ProcessLambdaBackend(LambdaSimpleBackend):
    """Run the functions of lambdas/, whatever code was uploaded."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._running: dict[str, LambdaFunction] = {}

    def invoke(
        self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: dict[str, Any]
    ) -> bytes:
        """Return the function's answer, or its error with the header that says so."""
        del headers  # they have the type of invocation; Step Functions waits for the answer
        created = self.get_function(function_name, qualifier)
        name = created.function_name
        if name not in self._running:
            function = Function(name, created.handler or "", int(created.timeout), created.environment_vars)
            self._running[name] = LambdaFunction(function)
        invocation = asyncio.run_coroutine_threadsafe(self._running[name].invoke(json.loads(body or "{}")), _loop())
        try:
            return json.dumps(invocation.result()).encode()
        except FunctionFailedError as error:
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": error.error_type, "errorMessage": str(error)}).encode()

    def stop(self) -> None:
        """End the environments. An invocation that is still running fails."""
        for function in self._running.values():
            function.kill()
            asyncio.run_coroutine_threadsafe(function.stop(), _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Start the loop of all functions, in a thread: moto answers each request in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def stop_functions() -> None:
    """End the environments of all functions."""
    for backends in lambda_simple_backends.values():
        for backend in backends.values():
            if isinstance(backend, ProcessLambdaBackend):
                backend.stop()


lambda_simple_backends.backend = ProcessLambdaBackend
lambda_simple_backends.clear()
default_user_config["lambda"] = {"use_docker": False}
