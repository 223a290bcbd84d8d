"""Test the explorer in a browser, under a stage's path, with the sample contacts."""

import json
import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from contact_search.api import route_table
from contact_search.search.grants import Grant
from operations import registry
from operations.deployed import on_this_machine
from sandbox.aws_server import REGION
from tests.browser.conftest import PATIENCE, Visitor
from tests.oidc_issuer import OidcIssuer
from tests.serving import Service


def test_the_key_is_asked_for_and_stays_for_a_reload_but_in_no_address(visitor: Visitor) -> None:
    visitor.enter()
    expect(visitor.page.locator("#count")).to_contain_text("contacts")
    visitor.page.reload()
    visitor.rows.first.wait_for()
    assert visitor.page.evaluate("sessionStorage.length") == 1
    assert visitor.page.evaluate("localStorage.length") == 0
    assert "sandbox" not in visitor.page.url


def test_a_wrong_key_is_shown_at_its_field(visitor: Visitor) -> None:
    visitor.refusals.add(401)
    visitor.send_key(key="wrong")
    expect(visitor.page.get_by_role("alert").filter(has_text="not valid")).to_be_visible()
    expect(visitor.page.get_by_label("API key")).to_be_focused()


def test_contacts_are_filtered_by_the_names_of_queues_and_agents(visitor: Visitor) -> None:
    visitor.enter()
    visitor.page.locator("#queue-list summary").click()
    visitor.page.get_by_role("checkbox", name="Billing").check()
    visitor.page.locator("#agent-list summary").click()
    visitor.page.get_by_label("Find: Agent").fill("pereira")
    visitor.page.get_by_role("checkbox", name="kpereira").check()
    visitor.page.get_by_role("button", name="Search", exact=True).click()
    expect(visitor.rows.first).to_contain_text("kpereira")
    for text in visitor.rows.all_inner_texts():
        assert "Billing" in text
        assert "kpereira" in text
    assert "queue=Billing" in visitor.searches()[-1]
    assert "agent=kpereira" in visitor.page.url
    expect(visitor.page.locator("#queue-list summary")).to_have_text("Queue: Billing")


def test_a_search_is_in_the_address_and_comes_back_with_it(visitor: Visitor) -> None:
    visitor.enter("#last=P2D&channel=CHAT&transcript.customer=refund&tag.cost-centre=4100&limit=10")
    assert set(visitor.page.locator("#contacts tbody td:nth-child(2)").all_inner_texts()) == {"Chat"}
    expect(visitor.page.locator("#transcript")).to_have_value("refund")
    expect(visitor.page.get_by_label("Key", exact=True)).to_have_value("cost-centre")
    visitor.page.get_by_role("button", name="Search", exact=True).click()
    expect(visitor.page.locator("#count")).to_contain_text("contacts")
    assert sorted(visitor.searches()[0].split("&")) == sorted(visitor.searches()[-1].split("&"))
    visitor.page.get_by_role("button", name="Reset").click()
    expect(visitor.page).to_have_url(re.compile("#last=P7D$"))
    visitor.page.go_back()
    expect(visitor.page.locator("#transcript")).to_have_value("refund")


# Hold the body of a search for 100 contacts until the test releases it.
HOLD_A_SEARCH = """
  const { json } = Response.prototype;
  const held = new Promise((resolve) => { globalThis.release = resolve; });
  globalThis.reading = new Promise((resolve) => {
    Response.prototype.json = async function () {
      if (this.url.includes("limit=100&")) {
        resolve();
        await held;
      }
      return json.call(this);
    };
  });
"""


def test_a_new_search_replaces_one_whose_response_is_still_being_read(visitor: Visitor) -> None:
    visitor.page.add_init_script(HOLD_A_SEARCH)
    visitor.send_key("#last=P1D&limit=100")
    visitor.page.evaluate("reading")
    visitor.page.get_by_label("Contacts per page").select_option("25")
    visitor.page.get_by_role("button", name="Search", exact=True).click()
    expect(visitor.rows).to_have_count(25)
    visitor.page.evaluate("release()")
    expect(visitor.rows).to_have_count(25)
    visitor.assert_no_errors()


def test_a_response_that_breaks_off_is_reported(visitor: Visitor) -> None:
    visitor.page.add_init_script("Response.prototype.json = () => Promise.reject(new TypeError('network error'));")
    visitor.send_key()
    expect(visitor.page.locator("#problem")).to_contain_text("No connection")


def test_next_pages_are_added_and_columns_sort(visitor: Visitor) -> None:
    visitor.enter("#last=P1D&limit=25")
    expect(visitor.rows).to_have_count(25)
    visitor.page.get_by_role("button", name="Next page").click()
    expect(visitor.rows).to_have_count(50)
    expect(visitor.rows.nth(25).get_by_role("button")).to_be_focused()
    assert len(set(visitor.rows.evaluate_all("rows => rows.map(row => row.dataset.id)"))) == 50
    visitor.page.get_by_role("button", name="Channel").click()
    expect(visitor.page.get_by_role("columnheader", name="Channel")).to_have_attribute("aria-sort", "descending")
    assert "sort=-channel" in visitor.searches()[-1]
    visitor.page.get_by_role("button", name="Channel").click()
    expect(visitor.page.get_by_role("columnheader", name="Channel")).to_have_attribute("aria-sort", "ascending")


def test_details_open_beside_the_table_and_close_by_the_keyboard(visitor: Visitor) -> None:
    visitor.enter("#last=P1D&channel=VOICE")
    link = visitor.rows.nth(2).get_by_role("button")
    link.focus()
    visitor.page.keyboard.press("Enter")
    details = visitor.page.locator("#details")
    expect(details).to_be_focused()
    expect(details).to_contain_text("customer_tier")  # an attribute, which searches do not return
    expect(details.get_by_role("heading", name="Voice contact")).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    expect(link).to_be_focused()


def test_dragging_over_the_histogram_narrows_the_range(visitor: Visitor) -> None:
    visitor.enter("#last=P1D&limit=100")
    before = visitor.page.locator("#count").inner_text()
    box = visitor.page.locator("#histogram svg").bounding_box()
    assert box
    visitor.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 30)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30, steps=4)
    visitor.page.mouse.up()
    expect(visitor.page).to_have_url(re.compile("from=.*&to="))
    expect(visitor.page.locator("#count")).not_to_have_text(before)
    visitor.rows.first.wait_for()
    assert 0 < visitor.rows.count() < 100


def test_the_keyboard_narrows_the_range_too(visitor: Visitor) -> None:
    visitor.enter("#last=P1D&limit=100")
    slider = visitor.page.get_by_label("Start of the range")
    slider.focus()
    for _ in range(3):
        visitor.page.keyboard.press("PageUp")
    assert "2026" in (slider.get_attribute("aria-valuetext") or "")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page).to_have_url(re.compile("from=.*&to="))
    visitor.rows.first.wait_for()


def test_new_contacts_appear_while_a_search_is_followed(visitor: Visitor) -> None:
    visitor.enter("#last=PT1H")
    visitor.page.get_by_role("button", name="Add a parameter").click()
    visitor.page.get_by_label("Parameter", exact=True).select_option("settle")
    expect(visitor.page.locator("#other-rows .hint")).to_contain_text("ISO 8601 duration")
    visitor.page.locator("#other-rows").get_by_label("Value").fill("PT10M")
    visitor.page.get_by_role("button", name="Follow live").click()
    expect(visitor.page.locator("#count")).to_contain_text("Live:")
    expect(visitor.page.locator("#count")).to_contain_text("complete until")
    began = visitor.rows.count()
    # The sample has two contacts a minute, up to the start of the service.
    expect(visitor.rows).not_to_have_count(began, timeout=10 * PATIENCE)
    times = visitor.page.locator("#contacts tbody td:first-child").all_inner_texts()
    assert times == sorted(times, reverse=True)
    assert len(set(visitor.rows.evaluate_all("rows => rows.map(row => row.dataset.id)"))) == visitor.rows.count()
    visitor.page.get_by_role("button", name="Stop following").click()
    expect(visitor.page.get_by_role("button", name="Follow live")).to_be_visible()
    assert "follow" not in visitor.page.url


@pytest.mark.skipif(not hasattr(route_table, "EXPORTS"), reason="needs the routes of exports")
def test_an_export_shows_its_progress_and_links_to_its_files(visitor: Visitor) -> None:
    visitor.enter("#last=P1D&queue=Billing")
    total = visitor.page.locator("#count strong").nth(1).inner_text()
    visitor.page.get_by_role("button", name="Export").click()
    visitor.page.get_by_label("Format").select_option("csv")
    visitor.page.get_by_role("button", name="Start an export").click()
    first = visitor.page.locator("#export-list > li").first
    expect(first).to_contain_text("succeeded")
    expect(first).to_contain_text(f"{total} of {total} contacts, CSV")
    assert first.get_by_role("link", name="Part 1").get_attribute("href")
    first.get_by_role("button", name="Delete").click()
    expect(visitor.page.locator("#export-list > li")).to_have_count(0)


def test_each_fault_is_shown_at_its_field(visitor: Visitor) -> None:
    visitor.refusals.add(422)
    visitor.send_key("#from=2020-01-01&limit=100&queue=Biling&agent_id=x,,y")
    expect(visitor.page.locator("#problem")).to_contain_text("Invalid request")
    faults = visitor.page.locator(".fault").all_inner_texts()
    assert any(fault.startswith("from ") for fault in faults)
    assert any(fault.startswith("agent_id ") for fault in faults)
    field = visitor.page.locator("#from")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert visitor.page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text() in faults
    page = visitor.page.get_by_role("link", name="What this means")
    page.click()
    expect(visitor.page.get_by_role("heading", name="Invalid request")).to_be_visible()


def test_an_unknown_name_is_shown_at_the_pick_list(visitor: Visitor) -> None:
    visitor.refusals.add(422)
    visitor.send_key("#last=P1D&queue=Biling")
    expect(visitor.page.locator("#queue-list .fault")).to_contain_text("did you mean `Billing`?")


def test_a_key_that_no_loaded_contact_has_is_reported(visitor: Visitor) -> None:
    visitor.enter("#last=P1D")
    visitor.page.get_by_role("button", name="Add an attribute or tag").click()
    visitor.page.get_by_label("Key", exact=True).fill("customer_teir")
    hint = visitor.page.locator("#key-rows .hint")
    expect(hint).to_contain_text("whose attributes were read has this key")
    visitor.page.get_by_label("Key", exact=True).fill("customer_tier")
    expect(hint).to_have_text("")
    visitor.page.get_by_label("Kind").select_option("tag")
    visitor.page.get_by_label("Key", exact=True).fill("cost-center")
    expect(hint).to_contain_text("None of the 50 contacts loaded so far has this key")


def test_a_key_that_no_contact_has_is_reported_if_the_search_finds_none(visitor: Visitor) -> None:
    visitor.send_key("#last=P1D&attribute.customer_teir=gold&tag.cost-center=4100")
    expect(visitor.page.locator("#empty")).to_contain_text("No contact matches")
    hints = visitor.page.locator("#key-rows .hint")
    expect(hints.nth(0)).to_contain_text("whose attributes were read has this key")
    expect(hints.nth(1)).to_contain_text("loaded so far has this key")


@pytest.mark.parametrize("language", ["curl", "Python", "TypeScript"])
def test_the_search_can_be_copied_as_code_without_the_key(visitor: Visitor, language: str) -> None:
    visitor.enter("#last=P1D&channel=VOICE&channel=CHAT")
    visitor.page.get_by_label("Words or a phrase").fill("it's")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#empty")).to_be_visible()
    visitor.page.get_by_role("button", name="Code").click()
    visitor.page.get_by_label(language).check(force=True)
    code = visitor.page.locator("#snippet").inner_text()
    assert f"{visitor.url}/v1/contacts" in code
    assert "CONTACT_SEARCH_KEY" in code
    assert "sandbox-full" not in code
    assert code.count("channel") == 2
    assert re.search(r"it(\S{0,4})'s", code)


def test_a_client_sees_what_it_is_granted(visitor: Visitor) -> None:
    visitor.enter("#last=P1D", key="sandbox-partner")
    expect(visitor.page.locator("#client")).to_have_text("Client partner")
    expect(visitor.page.locator("#transcript-field")).to_be_hidden()
    expect(visitor.page.get_by_label("Task")).to_be_disabled()
    expect(visitor.page.get_by_role("button", name="Export")).to_be_hidden()
    visitor.page.locator("#queue-list summary").click()
    expect(visitor.page.locator("#queue-list .options label")).to_have_count(2)


@pytest.fixture(scope="module")
def clients_of_people(service: Service) -> None:
    """Add a client for everybody who signs in, and one for supervisors."""
    stack = on_this_machine(service.aws_url, REGION)
    registry.add(stack, "explorer", "frontend", Grant(channels=["CHAT"]), None)
    registry.add(stack, "supervisors", "frontend", Grant(), None, ["groups=supervisors"])


@pytest.fixture
def guest(visitor: Visitor, issuer: OidcIssuer, clients_of_people: None) -> Visitor:  # noqa: ARG001 - they exist then
    """Return a visitor who may go to the issuer, which has forgotten earlier tests."""
    issuer.person, issuer.answer, issuer.id_claims = {"sub": "ann@example.com"}, {}, {}
    visitor.issuer_url = issuer.url
    return visitor


def sign_in(guest: Visitor, fragment: str = "") -> None:
    guest.open(fragment)
    guest.page.get_by_role("button", name="Sign in").click()


def test_people_sign_in_and_out(guest: Visitor, issuer: OidcIssuer) -> None:
    sign_in(guest, "#last=P1D&limit=25")
    guest.rows.first.wait_for()
    page = guest.page
    assert page.url == f"{guest.url}/#last=P1D&limit=25"
    assert set(page.locator("#contacts tbody td:nth-child(2)").all_inner_texts()) == {"Chat"}
    expect(page.locator("#client")).to_have_text("Client explorer")
    assert issuer.authorized[-1]["redirect_uri"] == f"{guest.url}/"
    assert (page.evaluate("sessionStorage.length"), page.evaluate("localStorage.length")) == (1, 0)
    token = json.loads(page.evaluate("sessionStorage['contact-search-credential']"))["authorization"]
    sent = [one.all_headers() for one in guest.requests if "/v1/" in one.url]
    assert {(headers.get("authorization"), headers.get("x-api-key")) for headers in sent} == {(token, None)}
    assert not [one.url for one in guest.requests if token.removeprefix("Bearer ") in one.url]
    page.reload()
    guest.rows.first.wait_for()
    page.get_by_role("button", name="Code").click()
    expect(page.locator("#snippet")).to_contain_text("authorization: Bearer $CONTACT_SEARCH_TOKEN")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    assert issuer.signed_out == [{"client_id": "explorer", "post_logout_redirect_uri": f"{guest.url}/"}]
    assert page.evaluate("sessionStorage.length") == 0


def test_people_see_what_their_group_is_granted(guest: Visitor, issuer: OidcIssuer) -> None:
    issuer.person = {"sub": "bob", "groups": ["staff", "supervisors"]}
    sign_in(guest, "#last=P1D&channel=VOICE")
    guest.rows.first.wait_for()
    expect(guest.page.locator("#client")).to_have_text("Client supervisors")


WRONG_ANSWERS: dict[str, tuple[dict[str, str | None], dict[str, Any]]] = {
    "another state": ({"state": "another"}, {}),
    "another issuer": ({"iss": "https://issuer.example"}, {}),
    "a refusal": ({"code": None, "error": "access_denied"}, {}),
    "a code of somebody else": ({"code": "another"}, {}),
    "another nonce": ({}, {"nonce": "another"}),
    "a token for somebody else": ({}, {"aud": "another"}),
    "a token of another issuer": ({}, {"iss": "https://issuer.example"}),
    "an old token": ({}, {"exp": 1}),
}


@pytest.mark.parametrize("fault", WRONG_ANSWERS)
def test_an_answer_that_is_not_for_this_sign_in_is_refused(guest: Visitor, issuer: OidcIssuer, fault: str) -> None:
    guest.refusals.add(400)
    issuer.answer, issuer.id_claims = WRONG_ANSWERS[fault]
    sign_in(guest, "#last=P1D")
    expect(guest.page.locator("#sign-in-problem")).to_contain_text("You are not signed in.")
    assert guest.page.url == f"{guest.url}/#last=P1D"
    assert guest.page.evaluate("sessionStorage.length") == 0
    assert not guest.searches()


def test_nobody_is_signed_in_by_a_link(guest: Visitor) -> None:
    guest.open("?code=code-1&state=stolen#last=P1D")
    expect(guest.page.locator("#sign-in-problem")).to_contain_text("This tab did not ask for this sign-in.")
    assert guest.page.url == f"{guest.url}/#last=P1D"


def test_a_sign_in_that_has_ended_is_said(guest: Visitor) -> None:
    guest.refusals.add(401)
    sign_in(guest, "#last=P1D")
    guest.rows.first.wait_for()
    guest.page.evaluate("sessionStorage['contact-search-credential'] = '{\"authorization\":\"Bearer x.y.z\"}'")
    guest.page.reload()
    expect(guest.page.locator("#sign-in-problem")).to_contain_text("Sign in again.")
    expect(guest.page.get_by_role("button", name="Sign in")).to_be_focused()
    guest.page.get_by_role("button", name="Sign in").click()
    guest.rows.first.wait_for()


LOOKS = [("light", 1360), ("dark", 1360), ("light", 390), ("dark", 390)]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_no_accessibility_violations(browser: Browser, service: Service, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    visitor = Visitor(context, service.url)
    axe = Axe()

    def assert_accessible() -> None:
        found = axe.run(visitor.page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()

    visitor.open()
    assert_accessible()
    visitor.enter("#last=P1D&attribute.language=en&max_items=40&limit=5")
    assert_accessible()
    if width < 500:
        visitor.page.get_by_role("button", name="Filters").click()
        assert_accessible()
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    visitor.rows.first.get_by_role("button").click()
    visitor.page.locator("#details dl").first.wait_for()
    assert_accessible()
    visitor.page.keyboard.press("Escape")
    for button in ("Code", "Export"):
        visitor.page.get_by_role("button", name=button).click()
        assert_accessible()
        visitor.page.keyboard.press("Escape")
    context.close()


def test_the_page_loads_little_at_first(visitor: Visitor) -> None:
    """Compressed, all that the page loads before the key is entered."""
    sizes: dict[str, int] = {}
    visitor.page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    visitor.open()
    visitor.page.get_by_label("API key").wait_for()
    assert len(sizes) > 10
    assert sum(sizes.values()) < 100_000, sizes


def test_the_stage_without_a_slash_leads_to_the_page(visitor: Visitor) -> None:
    visitor.page.goto(visitor.url)
    visitor.page.get_by_label("API key").wait_for()
    assert visitor.page.url == f"{visitor.url}/"
