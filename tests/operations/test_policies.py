"""Test that the policies of operations/policies allow what the commands call, and no more."""

import os
import subprocess
import sys
from pathlib import Path

from sandbox.aws_server import AwsServer
from tests.clock import pythonpath
from tests.operations.api_calls import Calls, allowed_actions, allows, read_policy

ROOT = Path(__file__).parent.parent.parent
COMMANDS = """
add policy-test --everything
list
show policy-test
narrow policy-test --channel VOICE
widen policy-test --unlimited channels
rotate policy-test --overlap PT0S
rotate policy-test
revoke policy-test
add policy-test --claim team=policy --everything
claims policy-test team=policies
pseudonym policy-test somebody
revoke policy-test
"""
# All commands run in one process, because starting one takes a second.
_RUN_ALL = """
import sys
from operations import clients
for command in sys.stdin.read().split("\\n"):
    if command:
        sys.argv[1:] = command.split()
        clients.main()
"""


def test_scripts_clients_calls_what_its_policy_allows(aws: AwsServer, calls: Calls) -> None:
    host, port = aws.url.removeprefix("http://").split(":")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _RUN_ALL],
        input=COMMANDS,
        cwd=ROOT,
        env=os.environ | calls.environment | {"HOST": host, "AWS_PORT": port, "PYTHONPATH": pythonpath("lambdas")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    called = calls.permissions()
    policy = read_policy("client_administrator")
    assert {permission for permission in called if not allows([policy], permission)} == set()
    # None of these clients has exports, whose files go with a client that is revoked: see test_clients.py.
    of_exports = {"s3:ListBucket", "s3:DeleteObject"}
    assert allowed_actions(policy) - of_exports == {permission.action for permission in called}
