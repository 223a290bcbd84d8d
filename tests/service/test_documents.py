"""Test that the service answers what the samples of the guide show."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from contact_search.api.openapi_examples import CONTACT_ID, contact_example, me_example
from sandbox.aws_server import AwsServer
from sandbox.clients import PARTNER_KEY
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import sample_contacts
from tests.clock import NOW, TODAY
from tests.conftest import Api

ROOT = Path(__file__).parents[2]
_TIME = re.compile(r"20\d\d-\d\d-\d\dT[0-9:.]+Z")


@pytest.fixture(scope="module")
def documented_contact(aws: AwsServer) -> Iterator[None]:
    """Return the contact that scripts/serve has on every day."""
    [record] = [one.record for one in sample_contacts(2_000, 1, NOW) if one.record["ContactId"] == CONTACT_ID]
    aws.connect.contacts.put([parse_contact_record(record)])
    aws.connect.directory.add_queue(record["Queue"]["ARN"].rpartition("/")[2], record["Queue"]["Name"])
    yield
    aws.connect.contacts.query("DELETE FROM contacts WHERE id = ?", [CONTACT_ID])


def sample(document: str, path: str) -> tuple[str, Any]:
    """Return the target of the document's command for this path, and the JSON that follows it."""
    text = (ROOT / document).read_text()
    [(target, answer)] = re.findall(
        rf"(http://[^\s']*{re.escape(path)}[^\s']*)'?\n```\n\n```json\n(.*?)```", text, re.DOTALL
    )
    return target, json.loads(answer)


def without_times(value: Any) -> Any:
    return json.loads(_TIME.sub("a time", json.dumps(value)))


@pytest.mark.usefixtures("documented_contact")
def test_the_contact_of_the_guide(api: Api) -> None:
    target, answer = sample("docs/guide.md", f"/v1/contacts/{CONTACT_ID}")
    parts = urlsplit(target)
    answered = api.send("GET", parts.path, parts.query).json
    del answer["queue_info"]["name"], answered["queue_info"]  # the test has another directory
    assert without_times(answered) | {"queue_info": None} == without_times(answer) | {"queue_info": None}


@pytest.mark.usefixtures("documented_contact")
def test_the_example_of_the_openapi_document(api: Api) -> None:
    example = contact_example(TODAY)
    answered = without_times(api.send("GET", f"/v1/contacts/{CONTACT_ID}", "expand=attributes").json)
    for member in ("queue_info", "agent_info"):
        info = without_times(example.pop(member))
        named = {name: value for name, value in info.items() if name not in ("name", "username")}
        assert named.items() <= answered[member].items()
    assert without_times(example).items() <= answered.items()


def test_what_a_client_is_granted(api: Api) -> None:
    _, documented = sample("docs/guide.md", "/v1/me")
    answered = api.as_client(PARTNER_KEY).send("GET", "/v1/me").json
    queues = documented["grant"].pop("queues"), answered["grant"].pop("queues")  # from another seed
    assert answered == documented
    assert [[sorted(queue) for queue in one] for one in queues] == [[["id", "name"]] * 2] * 2
    assert me_example()["grant"].keys() == documented["grant"].keys() | {"queues"}
