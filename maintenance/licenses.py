"""List the licenses of what is deployed, or their texts: scripts/licenses --help."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_LOCKS = ("search", "authorizer")
# Who deploys or changes the service need do no more than keep the texts of these.
ALLOWED = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0"}
# Read in their license files: their metadata have no expression (PEP 639) and no name of SPDX.
_READ = {
    "itsdangerous": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "s3transfer": "Apache-2.0",
}


class UnknownLicenseError(Exception):
    """Neither the metadata nor this module say what the license is."""


def deployed() -> list[str]:
    """Return the names of the locked requirements of all functions."""
    texts = [(_ROOT / "requirements" / f"{name}.txt").read_text() for name in _LOCKS]
    return sorted({name for text in texts for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)})


def license_of(name: str) -> str:
    """Return the SPDX expression of an installed package's license.

    Raises:
        UnknownLicenseError: Read its license file and add it to this module.
    """
    metadata = distribution(name).metadata
    stated = [metadata[key] for key in ("License-Expression", "License") if key in metadata]
    for expression in (*stated, _READ.get(name, "")):
        if is_known(expression):
            return expression
    raise UnknownLicenseError(name)


def is_known(expression: str) -> bool:
    """Tell whether one of the alternatives is allowed."""
    return not ALLOWED.isdisjoint(expression.split(" OR "))


def texts(name: str) -> Iterator[str]:
    """Yield the license files of an installed package."""
    package: Distribution = distribution(name)
    for file in package.files or ():
        if re.fullmatch(r"(LICEN[CS]E|NOTICE|COPYING).*", file.name, re.IGNORECASE):
            yield file.read_text(encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each package, or the texts."""
    parser = argparse.ArgumentParser(prog="scripts/licenses", description="List the licenses of what is deployed.")
    parser.add_argument("--texts", action="store_true", help="print the texts, which go with the zips of a release")
    with_texts = parser.parse_args(arguments).texts
    for name in deployed():
        if with_texts:
            print("\n\n".join([f"{'=' * 80}\n{name}\n{'=' * 80}", *texts(name)]))
        else:
            print(f"| {name} | {license_of(name)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
