"""Step Functions in the stand-in: moto's interpreter, which runs the definition of the template as it is."""

from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)

_normalise = StateTaskServiceSfn._normalise_parameters


def _normalise_for_boto3(self: Any, parameters: dict[str, Any], *arguments: Any, **keywords: Any) -> None:
    """Name the parameters of StartExecution as boto3 has them: moto hands on `Input`, where it has to be `input`."""
    _normalise(self, parameters, *arguments, **keywords)
    for name in list(parameters):
        parameters[name[0].lower() + name[1:]] = parameters.pop(name)


StateTaskServiceSfn._normalise_parameters = _normalise_for_boto3  # type: ignore[method-assign]
default_user_config["stepfunctions"] = {"execute_state_machine": True}
