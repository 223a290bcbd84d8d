"""List the members of SearchContacts and of a contact that botocore knows, or what has changed in them.

`scripts/botocore-growth` compares the newest botocore with the locked one. It needs nothing but botocore.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

_OPERATIONS = ("SearchContacts", "DescribeContact")


def members(model: ServiceModel) -> list[str]:
    """Return a line for each member: its path, its type, and its limits."""
    lines: list[str] = []
    for name in _OPERATIONS:
        operation = model.operation_model(name)
        for part, shape in (("request", operation.input_shape), ("response", operation.output_shape)):
            lines += _lines(f"{name} {part}", shape, ())
    return lines


def changes(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the lines that are gone (`-`) and new (`+`). A member whose limits change has one of each."""
    gone, new = set(before) - set(after), set(after) - set(before)
    return sorted([f"- {line}" for line in gone] + [f"+ {line}" for line in new], key=lambda line: line[2:])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the members, or the changes since a list of them. Return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="maintenance.botocore_growth", description=__doc__)
    parser.add_argument("--since", type=Path, metavar="FILE", help="the list of another botocore")
    since = parser.parse_args(arguments).since
    model = ServiceModel(Loader().load_service_model("connect", "service-2"), "connect")
    after = members(model)
    if since is None:
        print("\n".join(after))
        return 0
    changed = changes(since.read_text().splitlines(), after)
    print("\n".join([f"botocore {botocore.__version__}: {len(changed)} changes", *changed]))
    return 1 if changed else 0


def _lines(path: str, shape: Shape, containing: tuple[str, ...]) -> Iterator[str]:
    if shape.name in containing:  # a structure that contains itself
        return
    limits = [f"{name}={value}" for name, value in sorted(shape.metadata.items()) if name in ("min", "max", "pattern")]
    enumeration = [f"enum={','.join(shape.enum)}"] if shape.type_name == "string" and shape.enum else []
    required = [f"required={','.join(shape.required_members)}"] if getattr(shape, "required_members", ()) else []
    yield " ".join([f"{path}: {shape.type_name}", *limits, *enumeration, *required])
    for name, part in _parts(shape):
        yield from _lines(f"{path}{name}", part, (*containing, shape.name))


def _parts(shape: Shape) -> Iterator[tuple[str, Shape]]:
    if shape.type_name == "structure":
        yield from ((f".{name}", member) for name, member in shape.members.items())
    elif shape.type_name == "list":
        yield "[]", shape.member
    elif shape.type_name == "map":
        yield from ((".key", shape.key), (".value", shape.value))


if __name__ == "__main__":
    sys.exit(main())
