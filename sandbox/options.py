"""Parse the options of scripts/serve, which both of its processes share."""

import argparse
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sandbox.amazon_connect.behaviour import RETENTION_DAYS, Behaviour


@dataclass(frozen=True)
class Options:
    """Hold the options.

    Attributes:
        latency: Seconds.
        instance: ARN of a real instance to search instead of the stand-in.
    """

    host: str
    port: int
    stage_path: str
    aws_port: int
    contact_records: tuple[Path, ...]
    contact_lens: tuple[Path, ...]
    contacts: int
    days: int
    seed: int
    latency: float
    part_contacts: int
    behaviour: Behaviour
    instance: str | None
    oidc_issuer: str
    oidc_audience: str
    oidc_client_id: str
    oidc_scope: str


def parse_options(arguments: list[str] | None = None) -> Options:
    """Parse the command line (by default the process's own) and the environment. Exit if an option is wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/serve",
        description="Run the contact search on this machine, with a stand-in of Amazon Connect.",
        epilog="Environment: HOST (127.0.0.1) and PORT (8080) of the service, AWS_PORT (4566) of the AWS stand-in."
        " Port 0 picks any free port.",
    )
    contacts = parser.add_argument_group("contacts")
    contacts.add_argument(
        "--contact-records",
        metavar="PATH",
        type=Path,
        nargs="+",
        default=[],
        action="extend",
        help="files and folders of contact records as Amazon Connect exports them",
    )
    contacts.add_argument(
        "--contact-lens",
        metavar="PATH",
        type=Path,
        nargs="+",
        default=[],
        action="extend",
        help="files and folders of Contact Lens analyses, for their transcripts",
    )
    contacts.add_argument(
        "--contacts",
        metavar="N",
        type=_natural,
        default=20_000,
        help="number of sample contacts, if there are no records (%(default)s)",
    )
    contacts.add_argument(
        "--days",
        metavar="N",
        type=_days,
        default=90,
        help="days that the sample contacts are spread over (%(default)s)",
    )
    contacts.add_argument("--seed", metavar="N", type=int, default=1, help="seed of the sample contacts (%(default)s)")
    limits = parser.add_argument_group("the stand-in of Amazon Connect")
    limits.add_argument(
        "--quota",
        metavar="RATE",
        type=_positive,
        help="calls of SearchContacts allowed per second, with a burst of 1 (no quota)",
    )
    limits.add_argument(
        "--directory-quota",
        metavar="RATE",
        type=_positive,
        help="calls allowed per second of ListQueues and ListUsers each, with a burst of 5 (no quota)",
    )
    limits.add_argument(
        "--describe-quota",
        metavar="RATE",
        type=_positive,
        help="calls allowed per second of DescribeContact and GetContactAttributes each, with a burst of 15 (no quota)",
    )
    limits.add_argument(
        "--latency", metavar="MS", type=_not_negative, default=0, help="milliseconds added to each answer (%(default)s)"
    )
    limits.add_argument(
        "--searchable-after",
        metavar="SECONDS",
        type=_not_negative,
        default=0,
        help="delay until SearchContacts finds a contact by a timestamp (%(default)s)",
    )
    limits.add_argument(
        "--token-life",
        metavar="SECONDS",
        type=_positive,
        default=86_400,
        help="how long a NextToken is valid (%(default)s)",
    )
    limits.add_argument(
        "--token-length",
        metavar="N",
        type=_natural,
        default=0,
        help="minimum length of NextTokens in characters (%(default)s)",
    )
    limits.add_argument(
        "--at-result-limit",
        choices=("end", "error"),
        default="end",
        help="what follows the 10,000th result (%(default)s)",
    )
    limits.add_argument(
        "--total-count", choices=("exact", "capped"), default="exact", help="TotalCount above 10,000 (%(default)s)"
    )
    limits.add_argument(
        "--window-exception",
        choices=("InvalidParameterException", "InvalidRequestException"),
        default="InvalidParameterException",
        help="error for a window of more than 8 weeks (%(default)s)",
    )
    parser.add_argument(
        "--part-contacts",
        metavar="N",
        type=_part_contacts,
        default=10_000,
        help="maximum number of contacts in a part of an export (%(default)s)",
    )
    parser.add_argument(
        "--instance", metavar="ARN", help="search this real instance with your own AWS credentials, not the stand-in"
    )
    parser.add_argument(
        "--stage-path",
        metavar="NAME",
        type=_stage_path,
        help="serve under /NAME, like API Gateway's own address, which has the stage in its paths (none)",
    )
    tokens = parser.add_argument_group("bearer tokens, in addition to API keys")
    tokens.add_argument("--oidc-issuer", metavar="URL", default="", help="issuer whose tokens are accepted (none)")
    tokens.add_argument("--oidc-audience", metavar="NAME", default="", help="audience that the tokens must have")
    tokens.add_argument(
        "--oidc-client-id",
        metavar="ID",
        default="",
        help="the explorer's client id at the issuer: people can sign in (none)",
    )
    tokens.add_argument(
        "--oidc-scope", metavar="LIST", default="openid", help="scopes that the explorer asks for (%(default)s)"
    )
    parsed = parser.parse_args(arguments)
    if bool(parsed.oidc_issuer) != bool(parsed.oidc_audience):
        parser.error("--oidc-issuer and --oidc-audience must be set together")
    if parsed.oidc_client_id and not parsed.oidc_issuer:
        parser.error("--oidc-client-id needs --oidc-issuer and --oidc-audience")
    if parsed.contact_lens and not parsed.contact_records:
        parser.error("--contact-lens needs --contact-records: sample contacts have transcripts of their own")
    for path in (*parsed.contact_records, *parsed.contact_lens):
        if not path.exists():
            parser.error(f"{path} does not exist")
    if parsed.instance and ":instance/" not in parsed.instance:
        parser.error("--instance takes an ARN such as arn:aws:connect:eu-west-2:111122223333:instance/…")
    return Options(
        host=os.environ.get("HOST", "127.0.0.1"),
        port=_port(parser, "PORT", 8080),
        stage_path=parsed.stage_path or "",
        aws_port=_port(parser, "AWS_PORT", 4566),
        contact_records=tuple(parsed.contact_records),
        contact_lens=tuple(parsed.contact_lens),
        contacts=parsed.contacts,
        days=parsed.days,
        seed=parsed.seed,
        latency=parsed.latency / 1000,
        part_contacts=parsed.part_contacts,
        behaviour=Behaviour(
            quota=parsed.quota,
            list_queues_quota=parsed.directory_quota,
            list_users_quota=parsed.directory_quota,
            searchable_after=timedelta(seconds=parsed.searchable_after),
            describe_contact_quota=parsed.describe_quota,
            get_contact_attributes_quota=parsed.describe_quota,
            token_life=timedelta(seconds=parsed.token_life),
            token_length=parsed.token_length,
            at_result_limit=parsed.at_result_limit,
            total_count=parsed.total_count,
            window_exception=parsed.window_exception,
        ),
        instance=parsed.instance,
        oidc_issuer=parsed.oidc_issuer,
        oidc_audience=parsed.oidc_audience,
        oidc_client_id=parsed.oidc_client_id,
        oidc_scope=parsed.oidc_scope,
    )


def _stage_path(text: str) -> str:
    """Turn a stage's name into the beginning of its paths, such as /live."""
    name = text.strip("/")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError("must be the name of a stage, such as live")
    return f"/{name}"


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _part_contacts(text: str) -> int:
    number = _natural(text)
    if not 0 < number <= 10_000:
        raise argparse.ArgumentTypeError("must be 1 to 10000")
    return number


def _days(text: str) -> int:
    number = _natural(text)
    if not 0 < number <= RETENTION_DAYS:
        raise argparse.ArgumentTypeError(f"must be 1 to {RETENTION_DAYS}: older contacts are not kept")
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number, and not negative")
    return number


def _positive(text: str) -> float:
    number = _not_negative(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def _port(parser: argparse.ArgumentParser, name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or not int(text) < 65_536:
        parser.error(f"{name} must be a port number")
    return int(text)
