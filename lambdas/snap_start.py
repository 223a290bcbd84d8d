"""SnapStart: what is made before the snapshot of an environment, and must not be the same in all that start from it.

Source: AWS Lambda developer guide, "Lambda SnapStart runtime hooks" and "Handling uniqueness with Lambda SnapStart".
"""

import random
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module


def before_snapshot(prepare: Callable[[], object]) -> None:
    """Has this done before the snapshot, where there will be one. What is secret or unique does not belong there."""
    with suppress(ImportError):  # it is a part of Lambda's runtime
        from snapshot_restore_py import (  # type: ignore[import-not-found]  # noqa: PLC0415
            register_after_restore,
            register_before_snapshot,
        )

        register_before_snapshot(lambda: (prepare(), import_module("botocore.session")))  # it finds credentials there
        register_after_restore(random.seed)  # attempts are spread by it
