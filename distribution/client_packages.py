"""scripts/clients-build: package the clients, as a wheel and as a tarball for npm."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from distribution.client_code import PYTHON_CLIENT, ROOT, TYPESCRIPT_CLIENT, install_node_modules, run, run_node_tool
from distribution.python import UV

_DIST = ROOT / "dist"
_NPM = Path(sys.executable).with_name("npm")


def main() -> None:
    """Build both packages into dist/, and print where they are."""
    _DIST.mkdir(exist_ok=True)
    print(build_wheel(_DIST))
    print(build_tarball(_DIST))


def build_wheel(folder: Path) -> Path:
    """Build the Python client into a folder. Return the wheel."""
    run(UV, "build", "--quiet", "--wheel", "--no-create-gitignore", "--out-dir", folder, folder=PYTHON_CLIENT)
    return max(folder.glob("contact_search_client-*.whl"), key=lambda path: path.stat().st_mtime_ns)


def build_tarball(folder: Path) -> Path:
    """Build the TypeScript client into a folder. Return the tarball."""
    install_node_modules()
    with TemporaryDirectory() as name:  # several tests may build at a time
        copy = Path(name) / "typescript"
        shutil.copytree(TYPESCRIPT_CLIENT, copy, ignore=shutil.ignore_patterns("node_modules", "dist", "test"))
        (copy / "node_modules").symlink_to(TYPESCRIPT_CLIENT / "node_modules")
        run_node_tool("tsc", folder=copy)
        (copy / "node_modules").unlink()
        packed = run(_NPM, "pack", "--silent", "--pack-destination", folder, folder=copy)
    return folder / packed.strip()


if __name__ == "__main__":
    main()
