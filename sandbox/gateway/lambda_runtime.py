"""Run a function in an execution environment: read events from standard input, write answers, one JSON line each.

The first line it writes is `ready`, once the function is imported.

This is a script. Only the functions' own folder is added to the import path, so that no function can import a part of
the laptop service by accident.
"""

import contextlib
import importlib
import json
import os
import sys
import traceback
import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Context:
    """Provide the members of Lambda's context object that the functions use."""

    function_name: str
    memory_limit_in_mb: int = 1024
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-west-2:111122223333:function:{self.function_name}"


def main(function_name: str, handler_path: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the function's output is its log
    module, _, name = handler_path.partition(".")
    handler = getattr(importlib.import_module(module), name)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(handler, json.loads(line), Context(function_name))) + "\n")
        answers.flush()


def _answer(handler: Any, event: Any, context: Context) -> dict[str, Any]:
    try:
        return {"answer": handler(event, context)}
    except Exception as error:  # noqa: BLE001 - as in Lambda, the environment survives any exception
        traceback.print_exc()
        return {"errorMessage": str(error), "errorType": type(error).__name__}


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
