"""The frontend of examples/frontend, in a headless Chromium. Without Chromium on this machine, it is skipped."""

import functools
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.clients import FULL_KEY
from tests.api_server import serving_api
from tests.browser.conftest import PATIENCE
from tests.clock import NOW
from tests.conftest import Gateway

EXAMPLE = Path(__file__).parents[2] / "examples" / "frontend"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def address(project: Path, tmp_path: Path) -> Iterator[str]:
    """Serve the folder of the example, with the packed client installed."""
    folder = tmp_path / "frontend"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").mkdir()
    client = "node_modules/contact-search-client"
    shutil.copytree(project / client, folder / client)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context()
    context.clock.install(time=NOW)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(address)
    yield page
    assert [message for message in messages if "status of 401" not in message] == []
    context.close()


@pytest.mark.usefixtures("new_directory")
def test_somebody_looks_at_the_contacts_of_a_queue(page: Page, gateway: Gateway) -> None:
    with serving_api(gateway) as url:
        # Given a key that is wrong at first
        page.get_by_label("Service").fill(url)
        for key, is_right in (("wrong", False), (FULL_KEY, True)):
            page.get_by_label("API key").fill(key)
            page.get_by_role("button", name="Sign in").click()
            if not is_right:
                expect(page.get_by_role("alert")).to_contain_text("(status 401, request ")
        # When they choose a queue
        page.get_by_label("Queue").select_option("Billing")
        page.get_by_label("Last").select_option("P30D")
        page.get_by_role("button", name="Search").click()
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(20)
        assert set(page.locator("tbody td:nth-child(3)").all_inner_texts()) == {"Billing"}
        # Then they see page after page
        page.get_by_role("button", name="More").click()
        expect(rows).to_have_count(40)
        expect(page.get_by_role("status")).to_contain_text("contacts")
        expect(page.get_by_role("alert")).to_be_empty()
