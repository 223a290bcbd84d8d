"""botocore's data, less the services, operations and texts that the functions do not use.

Of 440 services a function calls three at most, and of the 400 operations of Amazon Connect one: what is left loads in a
fraction of the time and memory. Requests, typed errors and retries stay as they are; an operation that is not in this
table does not exist in what is deployed.
"""

import gzip
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

USED: dict[str, dict[str, list[str]]] = {
    "search": {"connect": ["SearchContacts"], "dynamodb": ["GetItem", "PutItem", "UpdateItem"], "kms": ["GenerateMac"]},
    "authorizer": {"dynamodb": ["GetItem"]},
}

# Files of a service that are kept, without their extensions; paginators, waiters and examples are not used.
_MODEL, _RULES = "service-2", "endpoint-rule-set-1"


def prune(data: Path, used: Mapping[str, Collection[str]]) -> None:
    """Leaves in botocore's data folder what these operations, by service, need."""
    prefixes = set()
    for folder in [one for one in data.iterdir() if one.is_dir()]:
        operations = used.get(folder.name)
        if operations is None:
            shutil.rmtree(folder)
        else:
            prefixes.add(_prune_service(folder, operations))
    endpoints = data / "endpoints.json"
    _write(endpoints, pruned_endpoints(_read(endpoints), prefixes))


def _prune_service(folder: Path, operations: Collection[str]) -> str:
    """Leaves the latest version alone; returns the name that the service has in endpoints.json."""
    latest = max(model.parent for model in folder.glob(f"*/{_MODEL}.json*"))
    [model_path], [rules_path] = latest.glob(f"{_MODEL}.json*"), latest.glob(f"{_RULES}.json*")
    model, rules = pruned_model(_read(model_path), operations), _read(rules_path)
    shutil.rmtree(folder)
    latest.mkdir(parents=True)
    _write(latest / f"{_MODEL}.json", model)
    _write(latest / f"{_RULES}.json", rules)
    return str(model["metadata"]["endpointPrefix"])


def pruned_model(model: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """The service model with these operations alone, the shapes that they are made of, and no documentation."""
    kept = {name: model["operations"][name] for name in operations}
    waiting, shapes = list(_references(kept)), {}
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting += _references(shapes[name])
    pruned: dict[str, Any] = _undocumented({**model, "operations": kept, "shapes": shapes})
    return pruned


def pruned_endpoints(endpoints: Mapping[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """endpoints.json with all partitions and regions, but with these services alone."""
    partitions = [
        partition | {"services": {name: one for name, one in partition["services"].items() if name in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _references(value: Any) -> Iterator[str]:
    """The names of the shapes that are referred to anywhere in a part of a model."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):  # else it is a member that has this name
            yield value["shape"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _references(part)


def _undocumented(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _undocumented(part)
            for name, part in value.items()
            if name != "documentation" or not isinstance(part, str)  # else it is a member that has this name
        }
    return [_undocumented(part) for part in value] if isinstance(value, list) else value


def _read(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _write(path: Path, content: Any) -> None:
    """Not compressed: all files of the search function are read in 1.65 ms so, in 1.97 ms as gzip (Python 3.13)."""
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
