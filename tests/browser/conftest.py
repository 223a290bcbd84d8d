"""Run a headless Chromium and scripts/serve. The tests are skipped if this machine has no Chromium."""

import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.clock import NOW
from tests.oidc_issuer import AUDIENCE, OidcIssuer
from tests.serving import Service, serving

# The first one has no windows that nobody looks at, so it needs half the time.
_COMMANDS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _COMMANDS)), None)
# Chromium's own services stay off: it must not contact any other host.
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
PATIENCE = 30_000  # milliseconds; only a very busy machine takes so long


@pytest.fixture(scope="package")  # Playwright runs an event loop, which would break other tests of this process
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def issuer() -> Iterator[OidcIssuer]:
    """Run the issuer where people can sign in."""
    issuer = OidcIssuer()
    yield issuer
    issuer.close()


@pytest.fixture(scope="package")  # Playwright runs an event loop, which would break other tests of this process
def service(browser: Browser, issuer: OidcIssuer) -> Iterator[Service]:  # noqa: ARG001 - without it, nothing needs to be served
    """Start the service under a stage's path, with a new contact every few seconds."""
    oidc = ("--oidc-issuer", issuer.url, "--oidc-audience", AUDIENCE, "--oidc-client-id", "explorer")
    with serving("--contacts", "4000", "--days", "3", "--stage-path", "live", *oidc) as service:
        for _ in range(10):  # first requests are slow while other tests run
            if service.get("/v1/contacts?last=P1D&expand=queue,agent")[0] == 200:
                break
        yield service


class Visitor:
    """Drive a tab of the browser, and record its console messages and requests."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.url = url
        self.requests: list[Request] = []
        self.messages: list[str] = []
        self.refusals: set[int] = set()  # statuses of problems that the test causes
        self.issuer_url = ""  # where the test lets the page go to
        self.page.on("request", self._remember)
        self.page.on("console", self._note)
        self.page.on("pageerror", self._fail)

    def _remember(self, request: Request) -> None:
        self.requests.append(request)

    def _note(self, message: ConsoleMessage) -> None:
        self.messages.append(f"{message.type}: {message.text}")

    def _fail(self, error: Error) -> None:
        self.messages.append(f"error: {error}")

    def open(self, fragment: str = "") -> None:
        self.page.goto(f"{self.url}/{fragment}")

    def send_key(self, fragment: str = "", key: str = "sandbox-full") -> None:
        """Open the page and type the key in."""
        self.open(fragment)
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Continue").click()

    def enter(self, fragment: str = "", key: str = "sandbox-full") -> None:
        """Open the page, type the key in, and wait for the contacts."""
        self.send_key(fragment, key)
        self.rows.first.wait_for()

    @property
    def rows(self) -> Locator:
        return self.page.locator("#contacts tbody tr")

    def searches(self) -> list[str]:
        """Return the query strings of all searches that were sent, still encoded."""
        return [urlsplit(one.url).query for one in self.requests if urlsplit(one.url).path.endswith("/v1/contacts")]

    def assert_no_errors(self) -> None:
        """Check that no other host was contacted, no URL has the key, and the console has only expected errors."""
        own = (f"{self.url}/", "data:", *([f"{self.issuer_url}/"] if self.issuer_url else []))
        for request in self.requests:
            assert request.url.startswith(own) or request.url == self.url, request.url
            assert "sandbox-full" not in request.url
        provoked = [f"with a status of {status} " for status in self.refusals]
        amiss = [message for message in self.messages if not any(part in message for part in provoked)]
        assert not amiss


@pytest.fixture
def visitor(browser: Browser, service: Service) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1360, "height": 860}, accept_downloads=True)
    context.clock.install(time=NOW)
    visitor = Visitor(context, service.url)
    yield visitor
    visitor.assert_no_errors()
    context.close()
