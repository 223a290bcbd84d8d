"""Test the interactive documentation in a browser, under a stage's path."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.conftest import Visitor

OPERATION = "#operations-contacts-listContacts"


def open_search(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.url}/docs")
    visitor.page.locator(f"{OPERATION} .opblock-summary-control").click()
    visitor.page.locator(f"{OPERATION} button.execute").wait_for()


def test_only_what_was_filled_in_is_sent_to_this_stage(visitor: Visitor) -> None:
    visitor.refusals.add(401)
    open_search(visitor)
    visitor.page.locator(f"{OPERATION} tr[data-param-name=last] input").fill("P7D")
    visitor.page.locator(f"{OPERATION} button.execute").click()
    expect(visitor.page.locator(f"{OPERATION} tr.response .response-col_status").first).to_contain_text("401")
    [query] = visitor.searches()
    assert query == "last=P7D"
    assert urlsplit(visitor.requests[-1].url).path == "/live/v1/contacts"
    sent = visitor.requests[-1].all_headers()
    assert not {"prefer", "if-none-match", "x-api-key"} & set(sent)


def test_the_key_survives_a_reload_and_parameters_are_grouped(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.url}/docs")
    visitor.page.locator("button.authorize").first.click()
    visitor.page.locator(".modal-ux input").first.fill("sandbox-full")
    visitor.page.locator(".modal-ux button.authorize").first.click()
    visitor.page.reload()
    open_search(visitor)
    visitor.page.locator(f"{OPERATION} tr[data-param-name=last] input").fill("PT1H")
    visitor.page.locator(f"{OPERATION} tr[data-param-name=limit] input").fill("1")
    visitor.page.locator(f"{OPERATION} button.execute").click()
    expect(visitor.page.locator(f"{OPERATION} tr.response .response-col_status").first).to_contain_text("200")
    assert visitor.searches() == ["last=PT1H&limit=1"]
    headings = visitor.page.locator(f"{OPERATION} .parameter-group").all_inner_texts()
    assert headings[:2] == ["Window", "Contact"]
    assert headings[-1] == "Headers"
