"""Prune the data of botocore to the operations that the functions call.

botocore has 440 services. A function calls five at most, and five of the 400 operations of Amazon Connect: their data
loads in a fraction of the time and memory. Requests, typed errors, retries and endpoints stay as they are.
"""

import gzip
import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

# An operation that is not in this table does not exist in what is deployed. To call another one, add its name.
# "search" is what the function that exports is made of, too.
OPERATIONS: dict[str, dict[str, list[str]]] = {
    "search": {
        "connect": ["SearchContacts", "ListQueues", "ListUsers", "DescribeContact", "GetContactAttributes"],
        "dynamodb": ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "TransactWriteItems"],
        "kms": ["GenerateMac"],
        "s3": ["PutObject", "GetObject", "ListObjectsV2", "DeleteObjects"],
        "stepfunctions": ["StartExecution"],
    },
    "authorizer": {
        "dynamodb": ["GetItem"],
    },
}

# Files of a service that are kept, without their extensions. Waiters and examples are not used.
_MODEL, _RULES, _PAGINATORS = "service-2", "endpoint-rule-set-1", "paginators-1"

# Amazon Trust Services, which certifies all endpoints of AWS, asks for these roots in custom trust stores:
# https://www.amazontrust.com/repository. Loading all 126 takes 19 ms for every new connection.
ROOTS = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
_END_OF_CERTIFICATE = "-----END CERTIFICATE-----\n"


class UnexpectedDataError(Exception):
    """botocore has not what it had when this was written."""


def prune(tree: Path, operations: Mapping[str, Collection[str]]) -> None:
    """Remove what these operations (by service) do not need, from a tree with botocore."""
    data, prefixes = tree / "botocore" / "data", set()
    for folder in [path for path in data.iterdir() if path.is_dir()]:
        if folder.name in operations:
            prefixes.add(_prune_service(folder, operations[folder.name]))
        else:
            shutil.rmtree(folder)
    endpoints = data / "endpoints.json"
    _write(endpoints, _prune_endpoints(_read(endpoints), prefixes))
    bundle = tree / "botocore" / "cacert.pem"
    bundle.write_text(_prune_bundle(bundle.read_text("utf-8")), "utf-8")


def _prune_service(folder: Path, operations: Collection[str]) -> str:
    """Keep these operations of the latest version. Return the service's name in endpoints.json."""
    latest = max(model.parent for model in folder.glob(f"*/{_MODEL}.json*"))
    [rules_path] = latest.glob(f"{_RULES}.json*")
    # The loader adds what botocore changes in the models of services.
    loader = Loader(extra_search_paths=[str(folder.parent)], include_default_search_paths=False)
    model = _prune_model(loader.load_service_model(folder.name, _MODEL), operations)
    rules = _read(rules_path)
    paginators = _prune_paginators(loader, folder.name, operations)
    shutil.rmtree(folder)
    latest.mkdir(parents=True)
    _write(latest / f"{_MODEL}.json", model)
    _write(latest / f"{_RULES}.json", rules)
    if paginators:
        _write(latest / f"{_PAGINATORS}.json", {"pagination": paginators})
    return str(model["metadata"]["endpointPrefix"])


def _prune_model(model: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """Keep these operations and the shapes that they consist of, without documentation."""
    kept = {name: model["operations"][name] for name in operations}
    names, shapes = list(_shape_names(kept)), {}
    while names:
        name = names.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            names += _shape_names(shapes[name])
    pruned: dict[str, Any] = _without_documentation({**model, "operations": kept, "shapes": shapes})
    # botocore insists on the documentation of these.
    parameters = {name: model[name] for name in ("clientContextParams",) if name in model}
    return pruned | parameters


def _prune_paginators(loader: Loader, service: str, operations: Collection[str]) -> dict[str, Any]:
    """Return the paginators of these operations, except SearchContacts: walks read its pages themselves."""
    try:
        paginators = loader.load_service_model(service, _PAGINATORS)["pagination"]
    except UnknownServiceError:
        return {}
    return {name: paginators[name] for name in operations if name in paginators and name.startswith("List")}


def _prune_endpoints(endpoints: Mapping[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """Keep these services, in all partitions and regions."""
    partitions = [
        partition | {"services": {name: part for name, part in partition["services"].items() if name in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _prune_bundle(bundle: str) -> str:
    """Keep the certificates of the roots."""
    certificates = [part + _END_OF_CERTIFICATE for part in bundle.split(_END_OF_CERTIFICATE)[:-1]]
    kept = [part for part in certificates if any(f'# Label: "{root}"\n' in part for root in ROOTS)]
    if len(kept) != len(ROOTS):
        raise UnexpectedDataError(f"cacert.pem has {len(kept)} of the {len(ROOTS)} roots")
    return "".join(kept)


def _shape_names(value: Any) -> Iterator[str]:
    """Yield the shapes to which a part of a model refers."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):  # otherwise it is a member with the name "shape"
            yield value["shape"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _shape_names(part)


def _without_documentation(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_documentation(part)
            for name, part in value.items()
            if name != "documentation" or not isinstance(part, str)  # otherwise it is a member with this name
        }
    return [_without_documentation(part) for part in value] if isinstance(value, list) else value


def _read(path: Path) -> Any:
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def _write(path: Path, content: Any) -> None:
    """Write without compression, which is faster to read: 1.65 ms for the search function instead of 1.97 ms."""
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
