"""Test the running service with its own OpenAPI document. `scripts/fuzz` sends 1,000 requests for each 6 of these."""

import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT, serving

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def test_it_keeps_its_contract(tmp_path: Path) -> None:
    with serving("--contacts", "200") as service:
        done = subprocess.run(  # noqa: S603
            [
                *(SCHEMATHESIS, "--config-file", ROOT / "schemathesis.toml"),
                *("run", f"{service.url}/openapi.json", "--max-examples", "6", "--seed", "1"),
                *("--generation-database", "none", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
