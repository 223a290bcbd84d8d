"""Test scripts/clients on the laptop's tables."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from unittest.mock import Mock

import boto3
import pytest

from contact_search.access.credentials import hash_api_key
from contact_search.amazon_connect.contact import Contact
from contact_search.exports.files import folder
from contact_search.exports.store import ExportStore
from contact_search.search.grants import Grant
from contact_search.storage.errors import StorageUnavailableError
from operations import clients, registry
from operations.deployed import Deployed, on_this_machine
from sandbox.aws_server import AwsServer
from tests.clock import TODAY, Clock
from tests.conftest import Api, SampleContact
from tests.operations.commands import run_here

START, END = f"{TODAY - timedelta(days=50)}", f"{TODAY}"
WINDOW = {"from": START, "to": END}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


find_stack = cache(on_this_machine)  # to create its clients takes longer than most commands


@pytest.fixture
def run(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command. test_smoke.py runs it as a process."""
    monkeypatch.setattr(clients, "on_this_machine", find_stack)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        host, port = aws.url.removeprefix("http://").split(":")
        environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("AWS_")}
        environment |= {"HOST": host, "AWS_PORT": port, "AWS_EC2_METADATA_DISABLED": "true"}
        return run_here(clients.main, arguments, environment)

    return command


def test_a_client_from_its_first_key_to_its_end(
    run: Run, api: Api, queues: list[str], forget_clients: Callable[[], None]
) -> None:
    added = run(
        "add", "acme", "--queue-id", f"{queues[0]},{queues[1]}", "--without-field", "tags", "--lookback", "P60D"
    )
    assert added.returncode == 0, added.stderr
    shown, key = _shown(added.stdout)
    assert shown["usage_plan"] == "partner"
    assert shown["keys_valid_until"] == ["it is rotated or revoked"]
    assert shown["grant"]["queue_ids"] == queues[:2]
    assert not shown["grant"]["transcript_search"]
    assert shown["grant"]["attribute_keys"] == []
    client = api.as_client(key)
    assert {one["queue_info"]["id"] for one in client.walk(**WINDOW, limit=100)} == set(queues[:2])
    assert client.get(**WINDOW, attribute__tier="gold").status == 403

    assert key not in run("show", "acme").stdout
    assert "acme" in run("list").stdout
    assert "already" in run("add", "acme", "--everything").stderr
    assert "use `widen`" in run("narrow", "acme", "--queue-id", queues[2]).stderr
    assert run("narrow", "acme", "--queue-id", queues[1]).returncode == 0
    forget_clients()
    assert client.get(**WINDOW, queue_id=queues[0]).status == 403
    assert run("widen", "acme", "--unlimited", "queue_ids").returncode == 0

    _, new_key = _shown(run("rotate", "acme", "--overlap", "PT1H").stdout)
    assert [api.as_client(one).get(**WINDOW).status for one in (key, new_key)] == [200, 200]
    _, newest = _shown(run("rotate", "acme", "--overlap", "PT0S").stdout)
    forget_clients()
    assert [api.as_client(one).get(**WINDOW).status for one in (key, new_key, newest)] == [401, 401, 200]
    assert run("revoke", "acme").returncode == 0
    forget_clients()
    assert api.as_client(newest).get(**WINDOW).status == 401
    assert "There is no client acme" in run("show", "acme").stderr


def test_a_key_ends_with_its_overlap(stack: Deployed, api: Api, still: Clock) -> None:
    registry.add(stack, "overlap", "internal", Grant(), "overlap-1")
    item = stack.table.get("client overlap") or {}
    old = json.loads(item["keys"])[0]["hash"]
    owner = {"client": "overlap", "id": item["id"]}
    end = int(time.time()) + 20
    stack.table.put(f"api-key {old}", owner | {"valid_until": end})
    assert api.as_client("overlap-1").get(**WINDOW).status == 200
    still.advance(timedelta(seconds=21))
    assert api.as_client("overlap-1").get(**WINDOW).status == 401


def test_with_a_client_its_exports_are_removed(run: Run, stack: Deployed, api: Api) -> None:
    _, key = _shown(run("add", "departing", "--exports").stdout)
    client = api.as_client(key)
    body = json.dumps({"time_range": {"type": "INITIATION_TIMESTAMP", "start_time": START, "end_time": END}}).encode()
    headers = {"content-type": "application/json"}
    created = client.send("POST", "/v1/exports", headers=headers, body=body).json
    deadline = time.monotonic() + 300
    while client.send("GET", f"/v1/exports/{created['id']}").json["status"] != "succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    job = ExportStore(stack.table).get("departing", created["id"])
    assert job
    keys = {"Bucket": os.environ["EXPORT_BUCKET_NAME"], "Prefix": folder("departing", job.id)}
    assert boto3.client("s3").list_objects_v2(**keys)["KeyCount"] == 1
    assert run("revoke", "departing").returncode == 0
    assert boto3.client("s3").list_objects_v2(**keys)["KeyCount"] == 0
    assert not [key for key, _ in stack.table.items("") if "departing" in key]


def test_nothing_of_a_key_is_kept_but_its_hash(run: Run, stack: Deployed) -> None:
    _, key = _shown(run("add", "hashed", "--everything").stdout)
    assert key not in str(list(stack.table.items("")))
    assert key not in str(stack.apigateway.get_api_keys(includeValues=True)["items"])


def test_of_two_operators_one_begins_again(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.add(stack, "contended", "internal", Grant(), "contended-1")
    get = stack.table.get

    def get_and_let_another_narrow(key: str) -> Any:
        item = get(key)
        monkeypatch.setattr(stack.table, "get", get)
        registry.regrant(stack, "contended", {"channels": ["CHAT"]}, wider=False)
        return item

    monkeypatch.setattr(stack.table, "get", get_and_let_another_narrow)
    with pytest.raises(registry.ChangedMeanwhileError):
        registry.rotate(stack, "contended", "contended-2", timedelta(0))
    assert registry.describe_client(stack, "contended")["grant"]["channels"] == ["CHAT"]


def test_a_key_of_one_client_does_not_open_the_next_of_its_name(stack: Deployed, api: Api) -> None:
    registry.add(stack, "namesake", "internal", Grant(channels=["CHAT"]), "namesake-1")
    orphan = next(item for key, item in stack.table.items("api-key ") if item["client"] == "namesake")
    registry.revoke(stack, "namesake")
    stack.table.put(f"api-key {hash_api_key('namesake-1')}", orphan)  # as after a failure halfway
    registry.add(stack, "namesake", "internal", Grant(), "namesake-2")
    assert [api.as_client(key).get(**WINDOW).status for key in ("namesake-1", "namesake-2")] == [401, 200]


def test_a_revocation_that_failed_can_be_done_again(stack: Deployed, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.add(stack, "halfway", "internal", Grant(), "halfway-1")
    delete = stack.table.delete
    monkeypatch.setattr(stack.table, "delete", Mock(side_effect=[None, StorageUnavailableError("Down")]))
    with pytest.raises(StorageUnavailableError):
        registry.revoke(stack, "halfway")
    assert api.as_client("halfway-1").get(**WINDOW).status == 401
    monkeypatch.setattr(stack.table, "delete", delete)
    registry.revoke(stack, "halfway")
    with pytest.raises(registry.NoSuchClientError):
        registry.describe_client(stack, "halfway")


def test_a_client_with_tokens_has_no_keys_to_rotate(stack: Deployed) -> None:
    registry.add(stack, "tokens", "internal", Grant(), None)
    with pytest.raises(registry.NoKeysError):
        registry.rotate(stack, "tokens", "k", timedelta(0))


def test_claims_belong_to_one_client(stack: Deployed) -> None:
    registry.add(stack, "claimed-1", "internal", Grant(), None, ["team=a", "team=b"])
    with pytest.raises(registry.ClaimTakenError, match="team=b belongs to claimed-1"):
        registry.add(stack, "claimed-2", "internal", Grant(), None, ["team=c", "team=b"])
    assert not [key for key in stack.apigateway.get_api_keys()["items"] if key["name"].endswith("claimed-2")]
    with pytest.raises(registry.ClientExistsError):
        registry.add(stack, "claimed-1", "internal", Grant(), None, ["team=c"])
    registry.add(stack, "claimed-2", "internal", Grant(), None, ["team=c"])
    with pytest.raises(registry.ClaimTakenError):
        registry.set_claims(stack, "claimed-2", ["team=a"])
    registry.set_claims(stack, "claimed-1", ["team=b"])
    registry.set_claims(stack, "claimed-2", ["team=a", "team=c"])
    registry.revoke(stack, "claimed-1")
    registry.set_claims(stack, "claimed-2", ["team=a", "team=b"])
    assert registry.describe_client(stack, "claimed-2")["claims"] == ["team=a", "team=b"]
    registry.add(stack, "claimed-3", "internal", Grant(), "claimed-3")
    with pytest.raises(registry.NoTokensError):
        registry.set_claims(stack, "claimed-3", ["team=d"])


def test_of_two_operators_who_give_claims_one_begins_again(stack: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.add(stack, "hasty", "internal", Grant(), None)
    get = stack.table.get

    def get_and_let_another_claim(key: str) -> Any:
        item = get(key)
        if key == "claims":
            monkeypatch.setattr(stack.table, "get", get)
            registry.add(stack, "hastier", "internal", Grant(), None, ["team=z"])
        return item

    monkeypatch.setattr(stack.table, "get", get_and_let_another_claim)
    with pytest.raises(registry.ChangedMeanwhileError):
        registry.set_claims(stack, "hasty", ["team=y"])
    registry.set_claims(stack, "hasty", ["team=y"])
    assert registry.describe_client(stack, "hastier")["claims"] == ["team=z"]


def test_a_client_of_a_group_has_no_key(run: Run) -> None:
    added = run("add", "group", "--claim", "unit=floor leads", "--claim", "cognito:unit=leads", "--everything")
    assert added.returncode == 0, added.stderr
    shown = json.loads(added.stdout)
    assert (shown["credential"], shown["claims"]) == ("token", ["cognito:unit=leads", "unit=floor leads"])
    changed = run("claims", "group", "unit=leads")
    assert json.loads(changed.stdout)["claims"] == ["unit=leads"]
    known = run("pseudonym", "group", "ann@example.com").stdout
    assert re.fullmatch(r"[0-9a-f]{16}\n", known)
    assert "belongs to group" in run("add", "group-2", "--claim", "unit=leads", "--everything").stderr
    for wrong in ("unit", "=leads", "unit=", "scope=a b"):
        assert run("claims", "group", wrong).returncode == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--queue-id", ",".join(f"q{number}" for number in range(101))], "queue_ids"),
        (["--agent-id", ",".join(f"a{number}" for number in range(101))], "agent_ids"),
        (["--agent-hierarchy-l1-id", ",".join(f"g{number}" for number in range(11))], "agent_hierarchy_groups"),
        (["--agent-hierarchy-l1-id", "a", "--agent-hierarchy-l2-id", "b"], "agent_hierarchy_groups"),
        (["--channel", "FAX"], "channels"),
        (["--field", "names"], "fields"),
        (["--attribute-key", "k" * 101], "attribute_keys"),
        (["--page-limit", "101"], "page_limit"),
        (["--lookback", "a month"], "--lookback"),
        (["--lookback", "P9000Y"], "--lookback"),
        (["--without-field", "Tags"], "fields"),
        (["--field", "channel", "--without-field", "name"], "--without-field"),
        (["--unlimited", "queue_ids", "--queue-id", "a"], "queue_ids"),
        (["--queue-id", ""], "--queue-id"),
        (["--plan", "gold"], "--plan"),
    ],
)
def test_what_cannot_be_granted_is_refused(run: Run, options: list[str], said: str) -> None:
    done = run("add", "refused", *options)
    assert done.returncode != 0
    assert said in done.stderr
    assert "There is no client" in run("show", "refused").stderr


def test_everything_is_only_granted_in_so_many_words(run: Run) -> None:
    assert "or grant it --everything" in run("add", "unlimited").stderr
    assert "contradicts" in run("add", "unlimited", "--everything", "--channel", "VOICE").stderr
    shown, _ = _shown(run("add", "unlimited", "--everything").stdout)
    assert shown["grant"] == {"transcript_search": True, "exports": True}
    listed = next(line for line in run("list").stdout.splitlines() if line.startswith("unlimited "))
    assert listed.split()[-1] == "everything"


def test_fields_of_one_contact_are_granted_by_name(run: Run, api: Api, contacts: list[SampleContact]) -> None:
    named = run("add", "by-name", "--field", "channel,recordings", "--field", "agent_info.device_info")
    shown, key = _shown(named.stdout)
    assert sorted(shown["grant"]["fields"]) == ["agent_info.device_info", "channel", "recordings"]
    _, key_without = _shown(run("add", "not-named", "--without-field", "tags").stdout)
    [recorded, *_] = [one.summary["Id"] for one in contacts if "Recordings" in one.stored.details]
    members = [set(api.as_client(one).send("GET", f"/v1/contacts/{recorded}").json) for one in (key, key_without)]
    assert members[0] == {"id", "channel", "recordings"}
    assert members[1] <= {*Contact.model_fields} - {"tags"}
    refused = run("add", "wrong", "--field", "customer_number")
    assert (refused.returncode, "customer_endpoint" in refused.stderr) == (1, True)


def test_exports_are_given_and_taken(run: Run) -> None:
    def exports(*arguments: str) -> bool:
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        shown = json.loads(done.stdout[done.stdout.index("{") :])
        assert isinstance(shown["grant"]["exports"], bool)
        return bool(shown["grant"]["exports"])

    assert not exports("add", "exporter", "--channel", "VOICE")
    assert "use `widen`" in run("narrow", "exporter", "--exports").stderr
    assert exports("widen", "exporter", "--exports")
    assert not exports("narrow", "exporter", "--no-exports")
    assert exports("add", "exporter-from-the-start", "--channel", "VOICE", "--exports")
    assert exports("show", "full")
    assert not exports("show", "partner")


def test_an_unknown_stage_is_explained(run: Run) -> None:
    done = run("--stage", "none", "list")
    assert done.returncode == 1
    assert "there is no 'none' among laptop" in done.stderr


def test_a_stage_needs_credentials(run: Run) -> None:
    done = run("--stage", "production", "list")
    assert done.returncode == 1
    assert "There are no valid AWS credentials" in done.stderr


def _shown(output: str) -> tuple[Any, str]:
    """Return what the output shows of the client, and the key before it."""
    key, _, shown = output.partition("\n")
    return json.loads(shown), key
