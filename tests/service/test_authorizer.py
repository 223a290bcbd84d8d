"""Test who gets access, with one valid credential in a header, and what the others see."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contact_search.access.authenticator import Authenticator
from contact_search.aws_clients import dynamodb_client
from contact_search.search.grants import Grant
from contact_search.storage.durable_table import DurableTable
from operations import registry
from operations.deployed import Deployed
from sandbox.clients import FULL_KEY, PARTNER_KEY
from tests.canary import recorded
from tests.conftest import Answer, Api
from tests.oidc_issuer import AUDIENCE, EC_KEY, OidcIssuer, to_jwk

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _base64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
def issuer(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcIssuer]:  # noqa: ARG001 - it has the settings
    """Run the issuer whose tokens the authorizer accepts."""
    import authorizer_handler  # noqa: PLC0415

    one = OidcIssuer()
    settings = authorizer_handler.settings.model_copy(update={"oidc_issuer": one.url, "oidc_audience": AUDIENCE})
    table = DurableTable(settings.durable_table_name, authorizer_handler.dynamodb)
    monkeypatch.setattr(authorizer_handler, "authenticator", Authenticator(table, settings))
    yield one
    one.close()


@pytest.fixture(scope="session")
def batch(stack: Deployed) -> str:
    """Add a client that uses tokens. Return its name."""
    registry.add(stack, "batch", "internal", Grant(channels=["CHAT"]), None)
    registry.add(stack, "app", "frontend", Grant(channels=["VOICE"]), None)
    return "batch"


def bearing(api: Api, token: str) -> Answer:
    return api.as_client(None).get({"authorization": f"Bearer {token}"}, last="P40D")


def channels(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.text
    return {contact["channel"] for contact in answer.json["contacts"]}


@pytest.mark.usefixtures("batch")
def test_a_token_of_the_issuer_is_a_credential(api: Api, issuer: OidcIssuer) -> None:
    assert channels(bearing(api, issuer.token())) == {"CHAT"}
    assert channels(bearing(api, issuer.token(EC_KEY, "ec", "ES256"))) == {"CHAT"}
    assert channels(bearing(api, issuer.token(aud=["else", AUDIENCE]))) == {"CHAT"}
    assert channels(bearing(api, issuer.token(client_id=None, azp="app"))) == {"VOICE"}
    assert channels(bearing(api, issuer.token(azp="app"))) == {"CHAT"}
    assert issuer.asked == 2  # for where its keys are, and for them


@pytest.mark.usefixtures("batch")
@pytest.mark.parametrize("client", ["nobody", "full", "partner", "batch ", "Batch", "client batch"])
def test_a_good_token_without_a_grant_of_its_own_is_forbidden(api: Api, issuer: OidcIssuer, client: str) -> None:
    answer = bearing(api, issuer.token(client_id=client))
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")


@pytest.fixture(scope="session")
def groups(stack: Deployed) -> None:
    """Add a client of the supervisors, one of whoever may see chats, and one of all others who sign in."""
    registry.add(stack, "supervisors", "internal", Grant(), None, ["groups=supervisors", "groups=floor leads"])
    registry.add(stack, "chats", "internal", Grant(channels=["CHAT"]), None, ["scope=chats"])
    registry.add(stack, "web", "internal", Grant(channels=["VOICE"]), None)


@pytest.mark.usefixtures("groups")
def test_a_claim_chooses_the_grant(api: Api, issuer: OidcIssuer) -> None:
    def who(**claims: Any) -> str:
        answer = asking_who(api, issuer.token(client_id="web", **claims))
        return str(answer.json.get("client", answer.status))

    assert who() == who(groups=["agents"]) == who(scope="openid email") == "web"
    assert who(groups=["agents", "supervisors"]) == who(groups="floor leads") == "supervisors"
    assert who(scope="openid chats") == "chats"
    assert who(groups=["supervisors"], scope="chats") == "403"
    assert channels(bearing(api, issuer.token(client_id="web", scope="chats"))) == {"CHAT"}
    # Whoever has claims is found by them alone: an application may not name itself like a group's client.
    assert asking_who(api, issuer.token(client_id="supervisors")).status == 403


@pytest.mark.usefixtures("groups")
def test_who_has_several_grants_is_refused_and_only_the_log_says_which(api: Api, issuer: OidcIssuer) -> None:
    with recorded() as log:
        answer = asking_who(api, issuer.token(groups=["supervisors"], scope="chats"))
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
    assert "supervisors" not in answer.text
    [line] = [json.loads(line) for line in log.getvalue().splitlines() if '"denied"' in line]
    assert (line["reason"], line["clients"]) == ("several grants", ["chats", "supervisors"])


@pytest.mark.usefixtures("batch")
def test_the_log_knows_users_by_a_pseudonym_alone(api: Api, issuer: OidcIssuer, stack: Deployed) -> None:
    def line(subject: str | None) -> dict[str, Any]:
        token = issuer.token(sub=subject, name="Ann Example", email="ann@example.com", preferred_username="ann.example")
        with recorded() as log:
            assert bearing(api, token).status == 200
        assert not [text for text in ("ann@example.com", "Ann Example", "ann.example") if text in log.getvalue()]
        [line] = [json.loads(line) for line in log.getvalue().splitlines() if '"searched"' in line]
        return dict(line)

    ann, again, bob, nobody = (line(subject) for subject in ("ann@example.com", "ann@example.com", "bob", None))
    assert ann["user"] == again["user"] == registry.find_pseudonym(stack, "batch", "ann@example.com")
    assert ann["user"] != bob["user"]
    assert ann["client"] == "batch"
    assert "user" not in nobody
    with recorded() as log:  # a log line of the same environment, of somebody else
        api.get(last="P1D")
    assert '"user"' not in log.getvalue()


def asking_who(api: Api, token: str) -> Answer:
    return api.as_client(None).send("GET", "/v1/me", headers={"authorization": f"Bearer {token}"})


BAD_TOKENS: dict[str, Any] = {
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "not yet": lambda issuer: issuer.token(nbf=int(time.time()) + 60),
    "without an end": lambda issuer: issuer.token(exp=None),
    "another audience": lambda issuer: issuer.token(aud="another"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "another issuer": lambda issuer: issuer.token(iss="http://127.0.0.1:9"),
    "no client": lambda issuer: issuer.token(client_id=None),
    "a client that is no text": lambda issuer: issuer.token(client_id=["batch"]),
    "unsigned": lambda issuer: issuer.token(None, algorithm="none"),
    "wrongly signed": lambda issuer: issuer.token(OTHER_KEY),
    "unknown key": lambda issuer: issuer.token(OTHER_KEY, "other"),
    "shared secret": lambda issuer: issuer.token("x" * 64, algorithm="HS256"),
    "not allowed algorithm": lambda issuer: issuer.token(algorithm="PS256"),
    "the wrong kind of key": lambda issuer: issuer.token(EC_KEY, "rsa", "ES256"),
    "oversized": lambda issuer: issuer.token(more="x" * 6_500),
    "changed": lambda issuer: issuer.token()[:-4] + "AAAA",
    "half": lambda issuer: issuer.token().rpartition(".")[0],
    "nothing": lambda _: "",
    "nonsense": lambda _: "a.b.c",
    "nested": lambda _: _base64('{"kid":' + "[" * 3_000) + ".e30.x",
}


@pytest.mark.usefixtures("batch")
@pytest.mark.parametrize("fault", BAD_TOKENS)
def test_a_bad_token_is_unauthenticated(api: Api, issuer: OidcIssuer, fault: str) -> None:
    assert_unauthenticated(bearing(api, BAD_TOKENS[fault](issuer)), api)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([], ""),
        ([("x-api-key", "")], ""),
        ([("x-api-key", "no-such-key")], ""),
        ([("x-api-key", FULL_KEY.upper())], ""),
        ([("x-api-key", f" {FULL_KEY}")], ""),
        ([("x-api-key", f"{FULL_KEY},{PARTNER_KEY}")], ""),
        ([("x-api-key", "x" * 9_000)], ""),
        ([("x-api-key", FULL_KEY), ("x-api-key", FULL_KEY)], ""),
        ([("x-api-key", FULL_KEY), ("X-Api-Key", FULL_KEY)], ""),
        ([("x-api-key", FULL_KEY), ("authorization", "Bearer x")], ""),
        ([("x-api-key", FULL_KEY), ("authorization", "")], ""),
        ([("authorization", FULL_KEY)], ""),
        ([("authorization", f"Basic {FULL_KEY}")], ""),
        ([("authorization", "Bearer x")], ""),
        ([], f"x-api-key={FULL_KEY}"),
        ([], f"api_key={FULL_KEY}"),
        ([("x-api-key", FULL_KEY)], f"X-API-KEY={FULL_KEY}"),
        ([("x-api-key", FULL_KEY)], "access_token=x"),
        ([("cookie", f"x-api-key={FULL_KEY}")], ""),
    ],
)
def test_anything_but_one_good_credential_is_unauthenticated(
    api: Api, headers: list[tuple[str, str]], query: str
) -> None:
    for method, path in (("GET", "/v1/contacts"), ("HEAD", "/v1/contacts"), ("POST", "/v1/contacts/search")):
        answer = api.as_client(None).send(method, path, f"last=P1D&{query}", headers)
        assert_unauthenticated(answer, api)


def test_without_an_issuer_no_token_is_good(api: Api) -> None:
    assert_unauthenticated(bearing(api, jwt.encode({"client_id": "batch"}, "x" * 32)), api)


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
def test_what_is_for_everybody_wants_no_credential(api: Api, path: str) -> None:
    assert api.as_client(None).send("GET", path).status == 200
    assert api.as_client("no-such-key").send("GET", path).status == 200


def test_a_wrong_method_is_told_what_is_right_without_a_credential(api: Api) -> None:
    answer = api.as_client(None).send("DELETE", "/v1/contacts")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.usefixtures("batch")
def test_an_outage_of_the_issuer_does_not_shut_out_those_whose_keys_are_known(
    api: Api, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr("contact_search.access.issuer.time", SimpleNamespace(monotonic=lambda: now[0]))
    assert bearing(api, issuer.token()).status == 200
    issuer.is_up = False
    now[0] += 3_600
    assert bearing(api, issuer.token()).status == 200
    asked = issuer.asked
    assert bearing(api, issuer.token()).status == 200
    assert issuer.asked == asked  # it is left alone for a while
    assert_unauthenticated(bearing(api, issuer.token(OTHER_KEY, "new")), api)


@pytest.mark.usefixtures("batch")
def test_an_issuer_that_was_never_reached_is_an_outage(api: Api, issuer: OidcIssuer) -> None:
    issuer.is_up = False
    answer = bearing(api, issuer.token())
    assert (answer.status, answer.json["type"]) == (503, "/problems/upstream-unavailable")
    assert answer.headers["retry-after"] == "5"


@pytest.mark.usefixtures("batch")
def test_the_issuer_may_change_its_keys(api: Api, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr("contact_search.access.issuer.time", SimpleNamespace(monotonic=lambda: now[0]))
    assert bearing(api, issuer.token()).status == 200
    issuer.keys = [to_jwk(OTHER_KEY, "new", "RS256")]
    now[0] += 11
    assert bearing(api, issuer.token(OTHER_KEY, "new")).status == 200
    assert_unauthenticated(bearing(api, issuer.token()), api)


def test_without_the_table_nobody_gets_in(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    import authorizer_handler  # noqa: PLC0415

    gone = DurableTable("gone", dynamodb_client(read_timeout=2, attempts=1))
    monkeypatch.setattr(authorizer_handler, "authenticator", Authenticator(gone, authorizer_handler.settings))
    answer = api.get(last="P1D")
    assert (answer.status, answer.json["type"]) == (503, "/problems/upstream-unavailable")


def test_a_client_without_a_usage_plan_is_forbidden(api: Api, stack: Deployed) -> None:
    registry.add(stack, "planless", "partner", Grant(), "planless")
    made = [one["id"] for one in stack.apigateway.get_api_keys()["items"] if one["name"].endswith("planless")]
    stack.apigateway.delete_usage_plan_key(usagePlanId=stack.usage_plans["partner"], keyId=made[0])
    answer = api.as_client("planless").get(last="P1D")
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")


def assert_unauthenticated(answer: Answer, api: Api) -> None:
    """Assert that the answer is the same for every bad credential."""
    other = api.as_client(None).send("GET", "/v1/contacts")
    assert answer.status == 401
    assert answer.json == other.json | {"request_id": answer.json["request_id"]}
    assert answer.headers == other.headers
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json["type"] == "/problems/unauthenticated"
