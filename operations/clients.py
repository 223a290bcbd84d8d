"""scripts/clients: who may search, and what each client may see."""

import argparse
import json
import re
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter, ValidationError

from contact_search.access.token_clients import LISTS
from contact_search.amazon_connect.contact import Contact
from contact_search.exports.errors import FilesUnavailableError
from contact_search.search.grants import Grant
from contact_search.storage.errors import StorageUnavailableError
from infra.settings import LAPTOP, SettingsError
from operations import registry
from operations.deployed import Deployed, find_deployed, on_this_machine
from operations.laptop import find_laptop
from operations.stages import NoCredentialsError, WrongAccountError, find_stage

# A new client gets these only if they are named.
_SENSITIVE_OFF: dict[str, Any] = {"attribute_keys": [], "transcript_search": False}
_NAME = re.compile(r"[A-Za-z0-9._:@/-]{1,100}")
_CLAIM = re.compile(r"([^=\s]{1,200})=(.{1,200})")

_MESSAGES: dict[type[Exception], Callable[[Any], str]] = {
    ValidationError: lambda error: f"This cannot be granted: {_format_faults(error)}",
    registry.ClientExistsError: lambda name: (
        f"There is a client {name} already: change what it is granted, or revoke it first"
    ),
    registry.NoSuchClientError: lambda name: f"There is no client {name}: `scripts/clients list` shows all",
    registry.NoKeysError: lambda name: f"{name} authenticates with the issuer's tokens: it has no API keys",
    registry.NoTokensError: lambda name: f"{name} authenticates with API keys: no claim of a token can belong to it",
    registry.ClaimTakenError: lambda error: f"A claim belongs to one client: {error}",
    registry.ChangedMeanwhileError: lambda name: f"Somebody else has just changed {name}: look at it and try again",
    registry.WiderGrantError: lambda limits: f"That is more than is granted now ({limits}): use `widen`",
    SettingsError: str,
    NoCredentialsError: str,
    WrongAccountError: str,
    BotoCoreError: lambda error: f"The stack cannot be reached: {error}",
    ClientError: lambda error: f"The stack cannot be reached: {error}",
    StorageUnavailableError: lambda error: f"The stack cannot be reached: {error}",
    FilesUnavailableError: lambda error: f"The files of its exports cannot be removed ({error}): revoke it again",
}


def main() -> None:
    arguments = _parser().parse_args()
    try:
        arguments.run(_find_stack(arguments.stage), arguments)
    except tuple(_MESSAGES) as error:
        format_message = next(_MESSAGES[kind] for kind in type(error).__mro__ if kind in _MESSAGES)
        sys.exit(format_message(error))


def _add(stack: Deployed, arguments: argparse.Namespace) -> None:
    limits = _limits(arguments)
    if bool(limits) == arguments.everything:
        sys.exit(
            "--everything contradicts the limits"
            if limits
            else f"Name what {arguments.name} may see, such as --channel VOICE, or grant it --everything"
        )
    grant = registry.EVERYTHING if arguments.everything else Grant.model_validate(_SENSITIVE_OFF | limits)
    api_key = None if arguments.token or arguments.claims else _new_api_key()
    registry.add(stack, arguments.name, arguments.plan, grant, api_key, arguments.claims)
    _show(stack, arguments, api_key)


def _list(stack: Deployed, _: argparse.Namespace) -> None:
    no_limits = registry.EVERYTHING.model_dump(mode="json")
    for client in registry.list_clients(stack):
        grant = client["grant"]
        limits = ", ".join(name for name in grant if grant[name] != no_limits[name]) or "everything"
        print(f"{client['name']:30}  {client['credential']:8}  {client['usage_plan']:10}  {limits}")


def _show(stack: Deployed, arguments: argparse.Namespace, api_key: str | None = None) -> None:
    if api_key:
        print("The API key. It is not stored, and cannot be shown again:", file=sys.stderr)
        print(api_key, flush=True)
    print(json.dumps(registry.describe_client(stack, arguments.name), indent=2))


def _regrant(stack: Deployed, arguments: argparse.Namespace) -> None:
    registry.regrant(stack, arguments.name, _limits(arguments), wider=arguments.command == "widen")
    _show(stack, arguments)
    print("It takes effect within 60 seconds. The client's cursors are invalid from then on.", file=sys.stderr)


def _set_claims(stack: Deployed, arguments: argparse.Namespace) -> None:
    registry.set_claims(stack, arguments.name, arguments.claims)
    _show(stack, arguments)
    print("It takes effect within 60 seconds.", file=sys.stderr)


def _show_pseudonym(stack: Deployed, arguments: argparse.Namespace) -> None:
    print(registry.find_pseudonym(stack, arguments.name, arguments.subject))


def _rotate(stack: Deployed, arguments: argparse.Namespace) -> None:
    api_key = _new_api_key()
    registry.rotate(stack, arguments.name, api_key, arguments.overlap)
    _show(stack, arguments, api_key)


def _revoke(stack: Deployed, arguments: argparse.Namespace) -> None:
    registry.revoke(stack, arguments.name)
    print(f"{arguments.name} is revoked. It is shut out within 60 seconds.", file=sys.stderr)


def _new_api_key() -> str:
    return f"csk_{secrets.token_urlsafe(32)}"


def _find_stack(stage: str) -> Deployed:
    if stage != LAPTOP:
        return find_deployed(find_stage(stage))
    laptop = find_laptop()
    return on_this_machine(laptop.aws_url, laptop.region)


def _format_faults(invalid: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors())


def _limits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the members of the grant that the options name."""
    limits: dict[str, Any] = {name: getattr(arguments, name) for name in Grant.model_fields if name in arguments}
    if "without_fields" in arguments:
        Grant(fields=arguments.without_fields)  # raises ValidationError if one of them is no field
        limits["fields"] = [name for name in Contact.model_fields if name not in arguments.without_fields]
    for level in range(1, 6):
        if f"l{level}" in arguments:
            limits.setdefault("agent_hierarchy_groups", {})[f"L{level}Ids"] = getattr(arguments, f"l{level}")
    unlimited = getattr(arguments, "unlimited", [])
    if both := set(unlimited) & limits.keys():
        sys.exit(f"--unlimited contradicts the other options about {', '.join(both)}")
    return limits | dict.fromkeys(unlimited)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/clients", description="Decide who may search contacts, and what each client may see."
    )
    parser.add_argument(
        "--stage",
        default=LAPTOP,
        help="a deployed stage of cdk.json, with your AWS credentials (%(default)s: the service on this machine)",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = _command(commands, "add", _add, "register a client and show its API key, once")
    add.add_argument(
        "--plan",
        choices=("internal", "partner", "frontend"),
        default="partner",
        help="usage plan: how often it may send requests (%(default)s)",
    )
    add.add_argument(
        "--token", action="store_true", help="it authenticates with tokens of the OIDC issuer whose client_id is NAME"
    )
    add.add_argument(
        "--claim",
        dest="claims",
        metavar="CLAIM=VALUE",
        type=_claim,
        action="append",
        default=[],
        help="it authenticates with tokens of the OIDC issuer that have this claim, such as groups=supervisors,"
        " whatever their client_id is; repeat it for several",
    )
    add.add_argument(
        "--everything",
        action="store_true",
        help="it may see, search and export everything, in place of the limits below",
    )
    _add_limit_options(add)
    commands.add_parser("list", help="list all clients").set_defaults(run=_list)
    _command(commands, "show", _show, "show what a client is granted")
    _add_limit_options(_command(commands, "narrow", _regrant, "grant a client less; what is not named stays"))
    _add_limit_options(
        _command(commands, "widen", _regrant, "grant a client more, or other things; a list replaces the old one")
    )
    claims = _command(
        commands, "claims", _set_claims, "say which claims of tokens belong to a client, in place of the old"
    )
    claims.add_argument("claims", metavar="CLAIM=VALUE", type=_claim, nargs="+")
    user = _command(commands, "pseudonym", _show_pseudonym, "show by which pseudonym the logs know a user of a client")
    user.add_argument("subject", metavar="SUB", help="the claim `sub` of the user's tokens")
    rotate = _command(commands, "rotate", _rotate, "give a client another API key and show it, once")
    rotate.add_argument(
        "--overlap",
        metavar="DURATION",
        type=_duration,
        default=timedelta(hours=24),
        help="how long its present keys stay valid (PT24H)",
    )
    _command(commands, "revoke", _revoke, "remove a client and its keys")
    return parser


def _command(commands: Any, name: str, run: Any, description: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=description, description=description)
    parser.add_argument("name", metavar="NAME", type=_name)
    parser.set_defaults(run=run)
    return parser


def _add_limit_options(parser: argparse.ArgumentParser) -> None:
    limits = parser.add_argument_group(
        "what it may see",
        "Repeat lists or separate their elements by commas. A new client with limits is granted everything else,"
        " except what is sensitive: attributes, transcript search and exports are off unless you name them.",
    )
    lists = {"--queue-id": "queue_ids", "--agent-id": "agent_ids", "--channel": "channels"}
    lists |= {f"--agent-hierarchy-l{level}-id": f"l{level}" for level in range(1, 6)}
    for option, name in lists.items():
        _add_list_option(limits, option, name, "only contacts with these")
    fields = limits.add_mutually_exclusive_group()
    _add_list_option(
        fields,
        "--field",
        "fields",
        "only these fields of contacts. Those that a search does not return, such as customer_endpoint, recordings,"
        " attributes or agent_info.device_info, have to be named",
    )
    _add_list_option(fields, "--without-field", "without_fields", "all fields that a search returns except these")
    attributes = limits.add_mutually_exclusive_group()
    attributes.add_argument(
        "--no-attributes", dest="attribute_keys", action="store_const", const=[], default=argparse.SUPPRESS
    )
    attributes.add_argument(
        "--attribute-key",
        dest="attribute_keys",
        action="append",
        default=argparse.SUPPRESS,
        help="a contact attribute that it may search by and see; repeat it for several",
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
    limits.add_argument("--page-limit", metavar="N", type=int, default=argparse.SUPPRESS, help="contacts in a page")
    limits.add_argument(
        "--unlimited",
        action="append",
        default=argparse.SUPPRESS,
        choices=[name for name in Grant.model_fields if Grant.model_fields[name].default is None],
        help="remove this limit",
    )


def _add_list_option(limits: Any, option: str, name: str, description: str) -> None:
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


def _claim(text: str) -> str:
    match = _CLAIM.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError("must be a claim and its value, such as groups=supervisors")
    if match[1] in LISTS and len(match[2].split()) != 1:
        raise argparse.ArgumentTypeError(f"must name one value of {match[1]}: repeat it for several")
    return text


def _duration(text: str) -> timedelta:
    try:
        duration: timedelta = TypeAdapter(timedelta).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError("must be an ISO 8601 duration such as PT24H or P30D") from None
    if not timedelta(0) <= duration <= timedelta(days=731):
        raise argparse.ArgumentTypeError("must be at most two years, and not negative")
    return duration


if __name__ == "__main__":
    main()
