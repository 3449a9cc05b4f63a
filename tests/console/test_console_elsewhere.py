"""The console where it is not at home: other fakes, other addresses, and pages of other sites."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.derive.custom_pages import CustomContract
from partner_insights.recording_folder import INDEX, VERSION
from partner_insights.server import Settings, create_app
from partner_insights.world import World

pytest.importorskip("playwright", reason="the dev extra has the browser's driver")

from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from partner_insights.contract import Catalogue

pytestmark = pytest.mark.external
PAGES = Path(__file__).resolve().parents[1] / "pages"
LOW: Any = {"width": 1280, "height": 300}
"""So low that Swagger UI, which takes its time, is not looked at yet."""
REBOUND = "rebound.example"
TIMEOUT = 30_000

TRIES = """async (url) => {
  const outage = {method: "POST", body: JSON.stringify({scenario: "outage"})};
  const tries = [
    fetch(url + "/_admin/scenario", {...outage, headers: {"Content-Type": "application/json"}}),
    fetch(url + "/_admin/scenario", {...outage, mode: "no-cors"}),
    fetch(url + "/_admin/reset", {method: "POST", mode: "no-cors"}),
    fetch(url + "/_admin/token"),
  ];
  return (await Promise.allSettled(tries)).map(each => each.status + " " + (each.value?.status ?? ""));
}"""
"""What a page could try on a fake: to switch its scenario, to take it back to its start, to read a token."""


def expect(found: Any) -> Any:
    """Playwright's, loaded where it is needed: each worker of xdist loads every module."""
    from playwright.sync_api import expect

    expect.set_options(timeout=TIMEOUT)
    return expect(found)


@pytest.fixture(scope="module")
def serving() -> Iterator[Callable[[Flask], str]]:
    """An application at a free port of this process, for as long as the module lasts; its URL."""
    servers = []

    def serve(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce", viewport=LOW)
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    errors: list[str] = []
    yield page
    context.close()
    assert errors == []


def app_of(catalogue: Catalogue, **settings: Any) -> Flask:
    return create_app(World(catalogue, seed=7, customers=5), catalogue, Settings(**settings))


def test_locked_it_asks_for_the_admin_token(serving: Any, catalogue: Catalogue, page: Page) -> None:
    """The token opens the page and works its switches; it is in no address and kept nowhere."""
    app = app_of(catalogue, admin_token="hush-hush", trust_loopback=False)
    url = serving(app)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    field = page.get_by_label("Admin token")
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the admin token")
    field.fill("hush-hush")
    field.press("Enter")
    page.locator("#scenario-bom").check()
    expect(page.locator("#fact-scenario")).to_have_text("bom")
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    assert "hush" not in page.evaluate(kept)
    assert not [each for each in asked if "hush" in each]
    page.reload()
    expect(page.get_by_label("Admin token")).to_be_visible()
    assert page.evaluate("fetch('/_admin/world').then(answer => answer.status)") == 403


def test_pages_of_other_sites_are_powerless(
    serving: Any, catalogue: Catalogue, page: Page, browser: Browser
) -> None:
    """Neither another origin nor a name bound to this machine moves anything; the fake's own page does."""
    app = app_of(catalogue, scenarios=("bom",), cors_origins=("*",))
    url, other = serving(app), serving(app_of(catalogue))

    def active() -> Any:
        return app.test_client().get("/_admin/scenario").get_json()["active"]

    app.test_client().post("/_admin/scenario", json={"scenario": "slow"})
    policy = "content-security-policy"

    def without_policy(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={k: v for k, v in answer.headers.items() if k != policy})

    page.route(f"{other}/openapi.json", without_policy)
    page.goto(f"{other}/openapi.json")
    told = page.evaluate(TRIES, url)
    assert told[0].startswith("rejected")
    assert told[3].startswith("rejected")
    assert active() == ["slow"]

    rebound = url.replace("127.0.0.1", REBOUND)
    assert page.goto(f"{rebound}/").status == 421
    assert page.evaluate(TRIES, rebound) == ["fulfilled 421"] * 4
    assert active() == ["slow"]

    page.goto(f"{url}/openapi.json")
    assert page.evaluate(TRIES, url)[0] == "fulfilled 200"
    assert active() != ["slow"]


def test_several_workers_say_what_they_cannot(serving: Any, catalogue: Catalogue, page: Page) -> None:
    """What would be known to one worker only is refused in words, where it is looked for."""
    page.goto(serving(app_of(catalogue, workers=2)))
    for place in ("#journal-state", "#judged", "#faults-error"):
        expect(page.locator(place)).to_contain_text("with several workers")
    page.locator("#scenario-bom").click()
    expect(page.locator("#day-error")).to_contain_text("with several workers the scenario is fixed")
    expect(page.locator("#scenario-bom")).not_to_be_checked()


def test_a_fake_of_other_pages(serving: Any, page: Page) -> None:
    """No charts, no customers' licences, and all else: the operations of the pages can be tried."""
    pages = (PAGES / "shop-resources.md", PAGES / "product-page.md")
    shop = CustomContract(pages, PAGES / "shop.toml").read().catalogue
    page.goto(serving(app_of(shop)))
    expect(page.locator("h1")).to_contain_text(f"{len(shop.operations)} operations")
    expect(page.locator("#figures, #customers")).to_have_count(0)
    page.locator("#try-it").scroll_into_view_if_needed()
    expect(page.locator("#try-it .opblock")).to_have_count(len(shop.operations))
    expect(page.locator("#journal-state")).to_contain_text("Waiting for requests")


def test_a_replay(serving: Any, catalogue: Catalogue, page: Page, tmp_path: Path) -> None:
    """A recording has no seed and no customers of its own; what is asked for shows in the journal."""
    (tmp_path / INDEX).write_text(json.dumps({"recording": VERSION}) + "\n", encoding="utf-8")
    app = create_app(World(catalogue, customers=0), catalogue, Settings(auth="any", recording=tmp_path))
    page.goto(serving(app))
    expect(page.locator("#fact-recording")).to_have_text(tmp_path.name)
    expect(page.locator("#fact-seed, #figures")).to_have_count(0)
    app.test_client().get("/v1/customers", headers={"Authorization": "Bearer any"})
    expect(page.locator("#entries > li")).to_contain_text("404")
