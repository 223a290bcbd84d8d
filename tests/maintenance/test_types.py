"""Test that mypy checks what it seems to check."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def used_services() -> set[str]:
    """Return the modules of AWS CDK that the project imports by `from aws_cdk import ...` or `import aws_cdk....`."""
    used = set()
    for path in (ROOT / "app.py", *(ROOT / "infra").rglob("*.py"), *(ROOT / "tests" / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
                used |= {f"aws_cdk.{name.name}.*" for name in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
                used.add(f"{node.module}.*")
            elif isinstance(node, ast.Import):
                used |= {f"{name.name}.*" for name in node.names if name.name.startswith("aws_cdk.")}
    return used


def test_mypy_reads_each_service_of_aws_cdk_that_is_used() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    [read] = [one["module"] for one in overrides if one.get("follow_imports") == "normal"]
    assert set(read) == used_services() | {"aws_cdk", "aws_cdk.interfaces.*"}
