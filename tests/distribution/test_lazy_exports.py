"""Test that packages with lazy exports export the same names, and import only what is used."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from distribution.lazy_exports import PACKAGES, rewrite

_EXPORTS = """
import sys
sys.path.append(sys.argv[1])
import importlib
package = importlib.import_module(sys.argv[2])
for name in sys.argv[3:]:
    exported = getattr(package, name)
    print(name, getattr(exported, "__module__", ""), getattr(exported, "__qualname__", ""))
try:
    package.nothing
except AttributeError as error:
    print(error)
"""
_FEW_IMPORTS = """
import sys
sys.path.append(sys.argv[1])
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
print(*sys.modules)
"""


def run(script: str, tree: Path, *arguments: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", script, str(tree), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


@pytest.mark.parametrize("package", [path.replace("/", ".") for path in PACKAGES])
def test_all_names_are_exported_as_before(host: Path, package: str) -> None:
    full = importlib.import_module(package)
    lines = [
        f"{name} {getattr(exported, '__module__', '')} {getattr(exported, '__qualname__', '')}"
        for name, exported in ((name, getattr(full, name)) for name in full.__all__)
    ]
    lines.append(f"module '{package}' has no attribute 'nothing'")
    assert run(_EXPORTS, host / "search", package, *full.__all__).splitlines() == lines


def test_only_what_is_used_is_imported(host: Path) -> None:
    modules = run(_FEW_IMPORTS, host / "search").split()
    prefix = "aws_lambda_powertools"
    assert f"{prefix}.event_handler.api_gateway" in modules
    for unused in ("metrics.metrics", "event_handler.appsync", "utilities.data_classes.kafka_event"):
        assert f"{prefix}.{unused}" not in modules


def test_a_name_that_is_also_a_module_is_imported_at_once() -> None:
    kept = '"""Doc."""\nfrom .two import two\nfrom .three import three_helper\n'
    source = f"{kept}from .one import One\n__all__ = ['One', 'two']"
    rewritten = rewrite(source)
    assert rewritten.startswith(kept)
    assert "_MODULE_BY_NAME = {'One': '.one'}" in rewritten
