"""scripts/export: export all contacts of a search into a folder, and go on where it was broken off."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from contact_search.search.faults import InvalidSearchError
from contact_search.search.query_parameters import QueryParameters
from operations.export_api import ExportApi, ProblemError, UnreachableError, describe_problem
from operations.export_folder import DamagedPartError, ExpiredUrlError, ExportFolder, Manifest, OtherExportError
from operations.export_request import NOT_EXPORTED, UnknownNameError, build_body
from operations.laptop import find_laptop

_API_KEY = "CONTACT_SEARCH_API_KEY"
_NOT_FOUND = 404
_INTERRUPTED = 130  # what a shell says of a command that Ctrl-C has ended
_FAILED = ("failed", "canceled")
# Downloads of one part that may break off, or exports of one search that may fail, one after the other.
_ATTEMPTS = 5
# A look at the export costs a request. The longer nothing has changed, the rarer they are.
_FIRST_INTERVAL, _LONGEST_INTERVAL = 1.0, 15.0  # seconds

Parameters = Mapping[str, Sequence[str]]


class ExportFailedError(Exception):
    """The export has ended without all its contacts. The message says why."""


# Errors whose message says what is wrong.
_REASONS = (
    *(ExportFailedError, ProblemError, UnreachableError),
    *(UnknownNameError, OtherExportError, DamagedPartError),
)


def main() -> None:
    arguments = _parser().parse_args()
    api_key = os.environ.get(_API_KEY)
    if not api_key:
        sys.exit(f"Put the API key of your client into the environment variable {_API_KEY}")
    url = (arguments.url or find_laptop().address).rstrip("/")
    try:
        folder = export(ExportApi(url, api_key), url, _parameters(arguments), arguments.format, arguments.output)
        if arguments.join:
            print(f"All in one file: {folder.join()}")
    except InvalidSearchError as error:
        sys.exit("\n".join([f"{_option(fault.where)}: {fault.detail}" for fault in error.faults]))
    except KeyboardInterrupt:
        print("\nThe export goes on in the service. The same command goes on with the download.", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except (*_REASONS, OSError) as error:
        sys.exit(str(error))


def export(api: ExportApi, url: str, parameters: Parameters, export_format: str, path: Path) -> ExportFolder:
    """Export into this folder, or go on with the export that it holds. Return the folder.

    Raises:
        ExportFailedError, ProblemError: The service ended it, or refused it.
    """
    asked = {"format": export_format, **{name: list(values) for name, values in parameters.items()}}
    folder = ExportFolder.open(path, url, asked)
    if folder is None:
        body = build_body(parameters, export_format, datetime.now(UTC), api.find_ids)
        folder = ExportFolder.create(path, Manifest(url, asked, body))
    folder.check_parts()
    if not folder.is_complete:
        _follow(api, folder, _begin_or_resume(api, folder))
    manifest = folder.manifest
    size = sum(part["bytes"] for part in manifest.parts) / 1e6
    parts = "1 part" if len(manifest.parts) == 1 else f"{len(manifest.parts)} parts"
    print(f"{manifest.contacts:,} contacts in {parts} ({size:.1f} MB): {path}")
    return folder


def _begin_or_resume(api: ExportApi, folder: ExportFolder) -> dict[str, Any]:
    """Return the export of the folder as the service has it now."""
    if folder.manifest.id and folder.manifest.status not in _FAILED:
        try:
            return api.get(folder.manifest.id)
        except ProblemError as error:
            if error.status != _NOT_FOUND:
                raise
    if folder.manifest.id:
        print("The export has failed or is gone: beginning again", file=sys.stderr)
        folder.begin_again()
    for _ in range(_ATTEMPTS):
        created = api.create(folder.manifest.body, folder.manifest.idempotency_key)
        if created["status"] not in _FAILED:
            break
        folder.begin_again()  # the same was asked for in the last 24 hours, and failed
    return created


def _follow(api: ExportApi, folder: ExportFolder, export: dict[str, Any]) -> None:
    """Download the parts of an export as they come, until it has ended."""
    bar = tqdm(desc="Exported", unit=" contacts", initial=export["contacts"], smoothing=0, disable=None)
    changed_at = time.monotonic()
    with bar:
        while True:
            folder.note(export)
            _show(bar, export)
            has_new = _download(api, folder, export)
            if export["status"] not in ("queued", "running"):
                break
            changed_at = time.monotonic() if has_new else changed_at
            time.sleep(min(_FIRST_INTERVAL + (time.monotonic() - changed_at) / 10, _LONGEST_INTERVAL))
            export = api.get(export["id"])
    if export["status"] == "failed":
        raise ExportFailedError(f"The export failed. {describe_problem(export['problem'])}")
    if export["status"] == "canceled":
        raise ExportFailedError("The export was deleted")
    if export.get("truncated"):
        print("More contacts match than an export in this order has: sort by the window's timestamp", file=sys.stderr)


def _show(bar: "tqdm[Any]", export: Mapping[str, Any]) -> None:
    total = export["total"]
    bar.total = max(total["value"], export["contacts"]) if total else None
    bar.update(export["contacts"] - bar.n)
    bar.refresh()


def _download(api: ExportApi, folder: ExportFolder, export: dict[str, Any]) -> bool:
    """Download the parts that are not in the folder yet. Return whether there were any."""
    begun_with = len(folder.manifest.parts)
    failures = 0
    while (number := len(folder.manifest.parts)) < len(export["parts"]):
        try:
            folder.download(api, export["parts"][number])
        except (ExpiredUrlError, UnreachableError, DamagedPartError) as error:
            failures += 1
            if failures == _ATTEMPTS:
                if isinstance(error, ExpiredUrlError):
                    raise UnreachableError("The parts cannot be downloaded: their place refuses the URLs") from None
                raise
            time.sleep(failures)
            export["parts"] = api.get(export["id"])["parts"]
        else:
            failures = 0
            if not sys.stderr.isatty():  # where there is no progress bar
                part = folder.manifest.parts[-1]
                print(f"{part['file']}: {part['contacts']:,} contacts", file=sys.stderr)
    return len(folder.manifest.parts) > begun_with


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/export",
        usage="scripts/export [--url URL] -o DIR [--format {ndjson,csv}] [--join] --last DURATION …",
        description="Export all contacts of a search into a folder. The same command goes on where it was broken off.",
        epilog=f"The API key of your client is read from the environment variable {_API_KEY}.",
    )
    parser.add_argument("--url", help="the address of the service (the one that scripts/serve runs on this machine)")
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="the folder for the parts: a new one, or this export's",
    )
    parser.add_argument("--format", choices=("ndjson", "csv"), default="ndjson", help="of the parts (%(default)s)")
    parser.add_argument(
        "--join", action="store_true", help="also write all contacts into one uncompressed file of the folder"
    )
    search = parser.add_argument_group("search", "The parameters of GET /v1/contacts.")
    for name, field in QueryParameters.model_fields.items():
        alias = field.alias or name
        if alias not in NOT_EXPORTED:
            is_single = field.default_factory not in (list, dict)
            search.add_argument(
                _option(alias),
                dest=alias,
                metavar="KEY=VALUE" if alias.endswith(".") else alias.rpartition(".")[2].upper(),
                action="store" if is_single else "append",
                default=argparse.SUPPRESS,
                help=(field.description or "").partition(". ")[0].rstrip(".").replace("%", "%%"),
            )
    return parser


def _option(parameter: str) -> str:
    return f"--{parameter.rstrip('.').replace('_', '-')}"


def _parameters(arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Return the options of the search as query parameters."""
    parameters: dict[str, list[str]] = {}
    aliases = [field.alias or name for name, field in QueryParameters.model_fields.items()]
    for alias in [alias for alias in aliases if alias in arguments]:
        value = getattr(arguments, alias)
        for text in [value] if isinstance(value, str) else value:
            if alias.endswith("."):  # `attribute.` and its like are followed by a key
                key, equals, content = text.partition("=")
                if not equals:
                    sys.exit(f"{_option(alias)}: must be KEY=VALUE")
                parameters.setdefault(f"{alias}{key}", []).append(content)
            else:
                parameters.setdefault(alias, []).append(text)
    return parameters


if __name__ == "__main__":
    main()
