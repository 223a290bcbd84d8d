"""The inside of an execution environment: takes events from standard input and writes answers, a JSON line each.

A script, run with nothing added to the path but the functions' own folder, so that no part of the laptop service can
be imported by accident.
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
    """The members of Lambda's context object that the functions use."""

    function_name: str
    memory_limit_in_mb: int = 1024
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-west-2:111122223333:function:{self.function_name}"


def main(function_name: str, handler_path: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the function prints is its log
    module, _, name = handler_path.partition(".")
    handler = getattr(importlib.import_module(module), name)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(handler, json.loads(line), Context(function_name))) + "\n")
        answers.flush()


def _answer(handler: Any, event: Any, context: Context) -> dict[str, Any]:
    try:
        return {"answer": handler(event, context)}
    except Exception as error:  # noqa: BLE001 - as in Lambda, the environment outlives what its function raises
        traceback.print_exc()
        return {"errorMessage": str(error), "errorType": type(error).__name__}


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
