"""The directory's pages in a browser: where a person chooses whom to sign in, with and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from partner_insights.child_server import RunningFake, running_fake

pytest.importorskip("playwright", reason="the dev extra has the browser's driver")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.external
TENANT = "contoso.example"
BACK = "http://localhost:8400/back"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def asking() -> Iterator[RunningFake]:
    with running_fake("--sign-in", "ask", "--customers", "1") as running:
        yield running
        assert "Traceback" not in running.output


def address(fake: RunningFake, **changes: str) -> str:
    """Of the authorize endpoint, as an application sends a browser there."""
    asked = {
        "client_id": "app",
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid r/x",
        "state": "s",
    }
    return f"{fake.url}/{TENANT}/oauth2/v2.0/authorize?{urlencode(asked | changes)}"


class Application:
    """What the application's own address is sent."""

    def __init__(self, page: Page) -> None:
        self.received: dict[str, str] = {}
        page.route(f"{BACK}**", self._receive)

    def _receive(self, route: Route) -> None:
        posted = route.request.post_data
        self.received = dict(parse_qsl(posted or urlsplit(route.request.url).query))
        route.fulfill(body="<title>the application</title>", content_type="text/html")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("decision", ["Sign in and consent", "Decline"])
def test_a_person_signs_in_or_declines(
    browser: Browser, asking: RunningFake, scripts: bool, decision: str
) -> None:
    """By labels and buttons; the application gets its code, or the refusal, scripts or none."""
    page = browser.new_page(java_script_enabled=scripts)
    application = Application(page)
    page.goto(address(asking))
    page.get_by_label("User").fill("bob@contoso.example")
    page.get_by_label("with a second factor").uncheck()
    page.get_by_role("button", name=decision).click()
    page.wait_for_url(f"{BACK}**")
    assert application.received["state"] == "s"
    assert ("code" in application.received) is (decision != "Decline")
    page.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_goes_back_by_itself_or_by_a_button(
    browser: Browser, asking: RunningFake, scripts: bool
) -> None:
    """`form_post` needs no script: there is a button."""
    page = browser.new_page(java_script_enabled=scripts)
    application = Application(page)
    page.goto(address(asking, response_mode="form_post"))
    page.get_by_role("button", name="Sign in and consent").click()
    if not scripts:
        page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{BACK}**")
    assert application.received.keys() == {"code", "state", "session_state"}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["sign-in", "unknown code", "error", "signed out", "declined", "form"])
def test_every_page_is_accessible(browser: Browser, asking: RunningFake, scheme: Any, which: str) -> None:
    """WCAG 2.2 AA, by axe, in both colour schemes; no page asks another host for anything."""
    page = browser.new_page(color_scheme=scheme)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    device = f"{asking.url}/common/oauth2/deviceauth"
    if which == "sign-in":
        page.goto(address(asking))
    elif which == "error":
        page.goto(address(asking, redirect_uri="https://elsewhere.example/"))
    elif which == "signed out":
        page.goto(f"{asking.url}/{TENANT}/oauth2/v2.0/logout")
    elif which == "form":
        page.add_init_script("HTMLFormElement.prototype.submit = () => {}")  # it would be gone at once
        page.goto(address(asking, response_mode="form_post", response_type="token"))
    else:
        form = {"client_id": "app", "scope": "r/x"}
        begun = requests.post(f"{asking.url}/{TENANT}/oauth2/v2.0/devicecode", data=form, timeout=10).json()
        page.goto(f"{device}?user_code={begun['user_code'] if which == 'declined' else 'NOBODY'}")
        page.get_by_role("button", name="Decline" if which == "declined" else "Sign in and consent").click()
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.response["violations"] == []
    assert page.locator("h1").count() == 1
    assert asked <= {urlsplit(asking.url).netloc, "localhost:8400"}
    page.close()
