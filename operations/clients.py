"""scripts/clients: who may search, and what each may see."""

import argparse
import json
import os
import re
import secrets
import sys
from datetime import timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter, ValidationError

from contacts.contact import Contact
from contacts.grant import Grant
from operations import registry
from operations.deployed import Deployed, deployed, on_this_machine
from storage.item import StorageUnavailableError

# What is sensitive is granted to a new client only where that is said.
_UNSAID = {"attribute_keys": [], "transcript_search": False, "exports": False}
_NAME = re.compile(r"[A-Za-z0-9._:@/-]{1,100}")


def main() -> None:
    given = _parser().parse_args()
    try:
        given.run(_stack(given), given)
    except ValidationError as invalid:
        faults = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors())
        sys.exit(f"This cannot be granted: {faults}")
    except registry.ClientExistsError as error:
        sys.exit(f"There is a client {error} already: change what it is granted, or revoke it first")
    except registry.NoSuchClientError as error:
        sys.exit(f"There is no client {error}: `scripts/clients list` shows all")
    except registry.NoKeysError as error:
        sys.exit(f"{error} shows tokens of the issuer: it has no API keys")
    except registry.ChangedMeanwhileError as error:
        sys.exit(f"Somebody else has just changed {error}: look at it, and try again")
    except registry.WiderGrantError as error:
        sys.exit(f"That is more than is granted now ({error}): use `widen`")
    except (BotoCoreError, ClientError, StorageUnavailableError) as error:
        sys.exit(f"The stack cannot be reached: {error}")


def _add(stack: Deployed, given: argparse.Namespace) -> None:
    grant = Grant.model_validate(_UNSAID | _limits(given))
    api_key = None if given.token else _new_key()
    registry.add(stack, given.name, given.plan, grant, api_key)
    _show(stack, given, api_key)


def _list(stack: Deployed, _: argparse.Namespace) -> None:
    for client in registry.clients(stack):
        limits = ", ".join(client["grant"]) or "nothing is limited"
        print(f"{client['name']:30}  {client['credential']:8}  {client['usage_plan']:10}  {limits}")


def _show(stack: Deployed, given: argparse.Namespace, api_key: str | None = None) -> None:
    if api_key:
        print("The API key, which is not kept and cannot be shown again:", file=sys.stderr)
        print(api_key, flush=True)
    print(json.dumps(registry.client(stack, given.name), indent=2))


def _narrow(stack: Deployed, given: argparse.Namespace) -> None:
    registry.regrant(stack, given.name, _limits(given), wider=given.command == "widen")
    _show(stack, given)
    print("All see this within 60 seconds. Cursors of this client are invalid from then on.", file=sys.stderr)


def _rotate(stack: Deployed, given: argparse.Namespace) -> None:
    api_key = _new_key()
    registry.rotate(stack, given.name, api_key, given.overlap)
    _show(stack, given, api_key)


def _revoke(stack: Deployed, given: argparse.Namespace) -> None:
    registry.revoke(stack, given.name)
    print(f"{given.name} is revoked. It is shut out within 60 seconds.", file=sys.stderr)


def _new_key() -> str:
    return f"csk_{secrets.token_urlsafe(32)}"


def _stack(given: argparse.Namespace) -> Deployed:
    if given.stack:
        return deployed(given.stack, boto3.Session(region_name=given.region))
    url = f"http://{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('AWS_PORT', '4566')}"
    return on_this_machine(url, given.region or "eu-west-2")


def _limits(given: argparse.Namespace) -> dict[str, Any]:
    """What the options say of a grant: the parts of it that they name."""
    limits: dict[str, Any] = {name: getattr(given, name) for name in Grant.model_fields if name in given}
    if "without_fields" in given:
        Grant(fields=given.without_fields)  # raises ValidationError where one is no field
        limits["fields"] = [name for name in Contact.model_fields if name not in given.without_fields]
    for level in range(1, 6):
        if f"l{level}" in given:
            limits.setdefault("agent_hierarchy_groups", {})[f"L{level}Ids"] = getattr(given, f"l{level}")
    unlimited = getattr(given, "unlimited", [])
    if both := set(unlimited) & limits.keys():
        sys.exit(f"--unlimited contradicts what else is said of {', '.join(both)}")
    return limits | dict.fromkeys(unlimited)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/clients", description="Says who may search contacts, and what each client may see."
    )
    parser.add_argument("--stack", help="a deployed stack, with your AWS credentials (the service on this machine)")
    parser.add_argument("--region", help="of the stack (as the AWS CLI finds it; on this machine eu-west-2)")
    commands = parser.add_subparsers(dest="command", required=True)
    add = _command(commands, "add", _add, "make a client, and show its API key once")
    add.add_argument(
        "--plan",
        choices=("internal", "partner", "frontend"),
        default="partner",
        help="usage plan: how often it may ask (%(default)s)",
    )
    add.add_argument(
        "--token", action="store_true", help="its credential is a token of the OIDC issuer, whose client_id is NAME"
    )
    _add_limits(add)
    commands.add_parser("list", help="show all clients").set_defaults(run=_list)
    _command(commands, "show", _show, "show what a client is granted")
    _add_limits(_command(commands, "narrow", _narrow, "grant a client less; what is not said stays as it is"))
    _add_limits(
        _command(commands, "widen", _narrow, "grant a client more, or other things; a list replaces the one before")
    )
    rotate = _command(commands, "rotate", _rotate, "give a client another API key, and show it once")
    rotate.add_argument(
        "--overlap",
        metavar="DURATION",
        type=_duration,
        default=timedelta(hours=24),
        help="for which the present keys are still good (PT24H)",
    )
    _command(commands, "revoke", _revoke, "end a client and its keys")
    return parser


def _command(commands: Any, name: str, run: Any, description: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=description, description=description)
    parser.add_argument("name", metavar="NAME", type=_name)
    parser.set_defaults(run=run)
    return parser


def _add_limits(parser: argparse.ArgumentParser) -> None:
    limits = parser.add_argument_group(
        "what it may see",
        "Lists are repeated or have commas. A new client is granted all but what is sensitive:"
        " attribute search, transcript search and exports are off unless they are named here.",
    )
    rows = {"--queue-id": "queue_ids", "--agent-id": "agent_ids", "--channel": "channels"}
    rows |= {f"--agent-hierarchy-l{level}-id": f"l{level}" for level in range(1, 6)}
    for option, name in rows.items():
        _list_option(limits, option, name, "contacts of these alone")
    fields = limits.add_mutually_exclusive_group()
    _list_option(fields, "--field", "fields", "these fields of contacts alone")
    _list_option(fields, "--without-field", "without_fields", "all fields but these")
    attributes = limits.add_mutually_exclusive_group()
    attributes.add_argument(
        "--no-attributes", dest="attribute_keys", action="store_const", const=[], default=argparse.SUPPRESS
    )
    attributes.add_argument(
        "--attribute-key",
        dest="attribute_keys",
        action="append",
        default=argparse.SUPPRESS,
        help="contact attribute that may be searched; repeat it for several",
    )
    for option, name in {"transcripts": "transcript_search", "exports": "exports"}.items():
        limits.add_argument(f"--{option}", dest=name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
    limits.add_argument(
        "--lookback",
        metavar="DURATION",
        type=_duration,
        default=argparse.SUPPRESS,
        help="how far before now a window may begin, such as P30D",
    )
    limits.add_argument("--page-limit", metavar="N", type=int, default=argparse.SUPPRESS, help="contacts a page")
    limits.add_argument(
        "--unlimited",
        action="append",
        default=argparse.SUPPRESS,
        choices=[name for name in Grant.model_fields if Grant.model_fields[name].default is None],
        help="take this limit away",
    )


def _list_option(limits: Any, option: str, name: str, description: str) -> None:
    limits.add_argument(
        option, dest=name, metavar="LIST", type=_words, action="extend", default=argparse.SUPPRESS, help=description
    )


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise argparse.ArgumentTypeError("has an empty element")
    return words


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("must be 1 to 100 of A-Z a-z 0-9 . _ : @ / -")
    return text


def _duration(text: str) -> timedelta:
    try:
        duration: timedelta = TypeAdapter(timedelta).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError("must be an ISO 8601 duration such as PT24H or P30D") from None
    if not timedelta(0) <= duration <= timedelta(days=731):
        raise argparse.ArgumentTypeError("must be from nothing to two years")
    return duration


if __name__ == "__main__":
    main()
