"""scripts/smoke: send a few requests to the API, as callers would, and end at the first answer that is wrong."""

import argparse
import hashlib
import json
import re
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError

from contact_search.search.grants import Grant
from infra.settings import LAPTOP, SettingsError
from operations import probe, registry
from operations.deployed import Deployed, find_deployed, on_this_machine
from operations.laptop import find_laptop
from operations.stages import NoCredentialsError, WrongAccountError, find_stage

_PATIENT = {"Prefer": "wait=20"}  # the quota is half a search a second
_EXPORT_SECONDS = 120  # for a worker that starts, and waits for its turn in the quota
_LONG_QUERY = 12_000  # characters, more than the firewall and API Gateway let in


class CheckFailedError(Exception):
    """The API did not answer as it should."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise CheckFailedError("the answer is not JSON") from None

    def expect(self, status: int, problem: str | None = None) -> "Answer":
        """Return the answer itself if it has this status and is this problem, otherwise raise CheckFailedError."""
        if self.status != status:
            raise CheckFailedError(f"{self.status} in place of {status}: {self.body[:300].decode(errors='replace')}")
        if problem and self.json.get("type") != f"/problems/{problem}":
            raise CheckFailedError(f"not the problem {problem}: {self.json}")
        return self


@dataclass(frozen=True)
class Api:
    """The API at an address, for the client with this key."""

    address: str
    api_key: str | None = field(default=None, repr=False)

    def send(
        self, method: str, path: str, query: str = "", headers: dict[str, str] | None = None, body: Any = None
    ) -> Answer:
        """Send a request, with a body as JSON if there is one."""
        url = f"{self.address.rstrip('/')}{path}{'?' * bool(query)}{query}"
        credential = {"x-api-key": self.api_key} if self.api_key else {}
        content = None if body is None else json.dumps(body).encode()
        media_type = {} if body is None else {"content-type": "application/json"}
        request = urllib.request.Request(url, content, credential | media_type | (headers or {}), method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=35) as response:  # noqa: S310 - the stage's own address
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())
        except OSError as error:
            raise CheckFailedError(f"{url.partition('?')[0]} does not answer: {error}") from None

    def search(self, **parameters: str) -> Answer:
        """Search contacts, patiently: other callers use the quota too."""
        for _ in range(3):
            answer = self.send("GET", "/v1/contacts", urlencode(parameters), _PATIENT)
            if answer.status != 429:
                return answer
            time.sleep(int(answer.headers.get("Retry-After", "2")))
        return answer


@dataclass(frozen=True)
class Clients:
    """The API for nobody, for a client that may see everything, and for one that may not search transcripts."""

    nobody: Api
    full: Api
    limited: Api


def check_health(clients: Clients) -> str:
    clients.nobody.send("GET", "/health").expect(200)
    return "200 without a credential"


def check_unauthenticated(clients: Clients) -> str:
    answer = clients.nobody.send("GET", "/v1/contacts", "last=P1D").expect(401, "unauthenticated")
    if "WWW-Authenticate" not in answer.headers:
        raise CheckFailedError("the 401 has no WWW-Authenticate")
    return "401 without a credential"


def check_unknown_path(clients: Clients) -> str:
    clients.nobody.send("GET", "/v1/nothing").expect(404, "not-found")
    return "404 for an unknown path"


def check_search(clients: Clients) -> str:
    page = clients.full.search(last="P28D", limit="2").expect(200).json
    total = page["total"]
    return f"{'at least ' * (total['relation'] == 'gte')}{total['value']} contacts in 4 weeks"


def check_headers(clients: Clients) -> str:
    answer = clients.full.search(last="P28D", limit="2").expect(200)
    missing = [name for name in ("X-Request-Id", "ETag", "Cache-Status", "Cache-Control") if name not in answer.headers]
    if missing:
        raise CheckFailedError(f"missing: {', '.join(missing)}")
    return f"Cache-Status: {answer.headers['Cache-Status']}"


def check_paging(clients: Clients) -> str:
    first = clients.full.search(last="P28D", limit="1").expect(200).json
    if first["next_cursor"] is None:
        return "fewer than two contacts: not tried"
    second = clients.full.search(last="P28D", limit="1", cursor=first["next_cursor"]).expect(200).json
    ids = [contact["id"] for page in (first, second) for contact in page["contacts"]]
    if len(set(ids)) != len(ids):
        raise CheckFailedError(f"the second page repeats the first: {ids}")
    return "the second page goes on where the first ends"


def check_contact(clients: Clients) -> str:
    found = clients.full.search(last="P28D", limit="1").expect(200).json["contacts"]
    clients.full.send("GET", "/v1/contacts/there-is-none", headers=_PATIENT).expect(404, "not-found")
    if not found:
        return "404 for one that does not exist; no other was tried"
    contact = clients.full.send("GET", f"/v1/contacts/{found[0]['id']}", "expand=attributes", _PATIENT).expect(200).json
    if contact["id"] != found[0]["id"] or "attributes" not in contact:
        raise CheckFailedError("it is another contact, or has no attributes")
    return f"{len(contact)} members of a contact, of which a search returns {len(found[0])}"


def check_me(clients: Clients) -> str:
    grant = clients.limited.send("GET", "/v1/me").expect(200).json["grant"]
    if grant["transcript_search"] or grant["fields"] is not None:
        raise CheckFailedError(f"not the grant that was given: {grant}")
    return "the limited client is told its grant"


def check_invalid(clients: Clients) -> str:
    clients.full.search(last="P1D", chanel="VOICE").expect(422, "validation")
    return "422 for an unknown parameter"


def check_forbidden(clients: Clients) -> str:
    clients.limited.search(last="P1D", transcript="refund").expect(403, "forbidden")
    return "403 for a transcript search that is not granted"


def check_exports(clients: Clients) -> str:
    now = datetime.now(UTC)
    window = {"type": "INITIATION_TIMESTAMP", "start_time": f"{now - timedelta(days=28):%F}", "end_time": f"{now:%F}"}
    created = clients.full.send("POST", "/v1/exports", body={"time_range": window, "max_items": 3})
    path = f"/v1/exports/{created.expect(202).json['id']}"
    deadline = time.monotonic() + _EXPORT_SECONDS
    while (export := clients.full.send("GET", path).expect(200).json)["status"] in ("queued", "running"):
        if time.monotonic() > deadline:
            raise CheckFailedError(f"the export is still {export['status']} after {_EXPORT_SECONDS} s")
        time.sleep(1)
    if export["status"] != "succeeded":
        raise CheckFailedError(f"the export has {export['status']}: {export.get('problem')}")
    for part in export["parts"]:
        content = Api(part["url"]).send("GET", "").expect(200).body
        if hashlib.sha256(content).hexdigest() != part["sha256"]:
            raise CheckFailedError("a part is not what its digest says")
    clients.full.send("DELETE", path).expect(204)
    return f"{export['contacts']} contacts in {len(export['parts'])} parts"


def check_preflight(clients: Clients) -> str:
    origin = "https://smoke.example"
    preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    answer = clients.nobody.send("OPTIONS", "/v1/contacts", headers=preflight)
    if answer.status not in (200, 204):
        answer.expect(204)
    anywhere = answer.headers.get("Access-Control-Allow-Origin") in ("*", origin)
    return f"scripts of {'any origin' if anywhere else 'configured origins only'} may send requests"


def check_documents(clients: Clients) -> str:
    page = clients.nobody.send("GET", "/docs").expect(200)
    if not page.headers.get_content_type() == "text/html":
        raise CheckFailedError(f"/docs is {page.headers.get_content_type()}")
    document = clients.nobody.send("GET", "/openapi.json").expect(200).json
    return f"OpenAPI {document['openapi']}, version {document['info']['version']}"


def check_explorer(clients: Clients) -> str:
    page = clients.nobody.send("GET", "/").expect(200)
    script = re.search(rb'src="(explorer/[^"]+)"', page.body)
    if "script-src 'self'" not in page.headers.get("Content-Security-Policy", "") or script is None:
        raise CheckFailedError("the page has no Content-Security-Policy, or no script")
    clients.nobody.send("GET", f"/{script[1].decode()}").expect(200)
    return "the page and its script, without a credential"


def check_firewall(clients: Clients) -> str:
    answer = clients.nobody.send("GET", "/health", f"q={'x' * _LONG_QUERY}")
    if answer.status not in (403, 413, 414, 431):
        answer.expect(403)
    return f"{answer.status} for a query of {_LONG_QUERY} characters"


CHECKS: dict[str, Callable[[Clients], str]] = {
    "health": check_health,
    "credentials": check_unauthenticated,
    "paths": check_unknown_path,
    "search": check_search,
    "headers": check_headers,
    "paging": check_paging,
    "contact": check_contact,
    "me": check_me,
    "validation": check_invalid,
    "grants": check_forbidden,
    "exports": check_exports,
    "cors": check_preflight,
    "documents": check_documents,
    "explorer": check_explorer,
    "firewall": check_firewall,
}


def run(stack: Deployed, *, has_firewall: bool = True) -> None:
    """Run all checks against a deployed stack, and print a line for each.

    Raises:
        CheckFailedError: Names the first check that failed.
    """
    with temporary_clients(stack) as clients:
        for name, check in CHECKS.items():
            if name == "firewall" and not has_firewall:
                continue
            try:
                result = check(clients)
            except CheckFailedError as error:
                print(f"FAILED  {name:12} {error}", flush=True)
                raise CheckFailedError(name) from error
            print(f"ok      {name:12} {result}", flush=True)


@contextmanager
def temporary_clients(stack: Deployed) -> Iterator[Clients]:
    """Add clients for the time of the test."""
    nobody = Api(stack.address)
    name, keys = f"smoke-{secrets.token_hex(4)}", [f"csk_{secrets.token_urlsafe(32)}" for _ in range(2)]
    grants = {f"{name}-full": registry.EVERYTHING, f"{name}-limited": Grant(transcript_search=False)}
    try:
        for (client, grant), key in zip(grants.items(), keys, strict=True):
            registry.add(stack, client, "internal", grant, key)
        yield Clients(nobody, *(replace(nobody, api_key=key) for key in keys))
    finally:
        for client in grants:
            with suppress(registry.NoSuchClientError):
                registry.revoke(stack, client)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/smoke", description="Test a deployed API with a few requests.")
    parser.add_argument(
        "--stage",
        default=LAPTOP,
        help="a deployed stage of cdk.json, with your AWS credentials (%(default)s: the service on this machine)",
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help="call SearchContacts itself, and print what the instance does where it is not documented",
    )
    arguments = parser.parse_args()
    try:
        _main(arguments.stage, with_probe=arguments.probe)
    except CheckFailedError:
        sys.exit(1)
    except (SettingsError, NoCredentialsError, WrongAccountError) as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"The stack cannot be reached: {error}")


def _main(stage_name: str, *, with_probe: bool) -> None:
    stage = find_stage(stage_name)
    if stage.is_laptop:
        laptop = find_laptop()
        run(replace(on_this_machine(laptop.aws_url, laptop.region), address=laptop.address))
    else:
        run(find_deployed(stage), has_firewall=stage.settings.requests_per_address is not None)
    if with_probe:
        probe.run(stage)


if __name__ == "__main__":
    main()
