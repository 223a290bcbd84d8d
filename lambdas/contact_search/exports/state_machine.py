"""Start the state machine of exports: see docs/decisions/0005-step-functions-for-exports.md."""

import json
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contact_search.exports.errors import NotStartedError
from contact_search.exports.job import Job

# An export whose execution has ended before it has can be started again after this time.
_SECONDS_BETWEEN_RESTARTS = 600


class StateMachine:
    """Start executions. Several of one export do no harm: only one of them can write its next part."""

    def __init__(self, arn: str, client: Any) -> None:
        self._arn = arn
        self._client = client

    def start(self, job: Job, now: datetime) -> None:
        """Start the execution of an export. Do nothing if it runs already.

        Raises:
            NotStartedError: It cannot be started, or nobody knows.
        """
        # The execution with the export's own name may have been stopped, or have failed without the table.
        restart = f"{job.id}_{int(now.timestamp()) // _SECONDS_BETWEEN_RESTARTS}"
        if not self._start(job, job.id) and not self._start(job, restart):
            raise NotStartedError("ExecutionAlreadyExists")

    def _start(self, job: Job, name: str) -> bool:
        """Return False if an execution with this name has ended."""
        event = json.dumps({"client": job.client, "export_id": job.id})
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=event)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return False
            raise NotStartedError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise NotStartedError(type(error).__name__) from error
        return True
