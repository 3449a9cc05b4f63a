"""The console in a browser: what a person sees, does and is spared."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

import pytest

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.contract import Catalogue

pytest.importorskip("playwright", reason="the dev extra has the browser's driver")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.external
TIMEOUT = 30_000
"""Milliseconds; much more than is needed, as others may be at work on the machine."""

USAGE = "/v1/analytics/licenses/usage"
DEPLOYMENT = "/v1/analytics/licenses/deployment"
NASTY = "/v1/<img src=x onerror=document.title='taken'>"
DESKTOP: Any = {"width": 1280, "height": 900}
E3: Any = {"product": "Office 365 E3", "sold": 100, "deployed": 60}
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules to which the colour scheme makes a difference."""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def expect(found: Any) -> Any:
    """Playwright's, loaded where it is needed: each worker of xdist loads every module."""
    from playwright.sync_api import expect

    expect.set_options(timeout=TIMEOUT)
    return expect(found)


@dataclass
class Seen:
    """What a page asked for and complained of."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    @property
    def told(self) -> tuple[set[str], list[str]]:
        """As it is now."""
        return set(self.hosts), list(self.complaints)


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with running_fake("--seed", "7") as running:
        yield running
        assert "Traceback" not in running.output


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def opened(fake: RunningFake, browser: Browser, seen: Seen) -> Iterator[tuple[Page, Any]]:
    """One page for all the tests, as loading it is what takes the time; what was seen while it loaded."""
    context = browser.new_context(reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.on("request", lambda request: seen.hosts.add("/".join(request.url.split("/")[:3])))
    page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    send(fake, USAGE)
    page.goto(fake.url)
    page.wait_for_selector("#scenario-bom")
    show_everything(page)
    yield page, seen.told
    context.close()


AT_REST = """() => new Promise((done) => {
    let place = "", since = 0;
    const look = (now) => {
        const { top, left } = document.getElementById("scenario-bom").getBoundingClientRect();
        if (place !== `${top} ${left}`) [place, since] = [`${top} ${left}`, now];
        if (now - since > 300) done(); else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""
"""Waits until what is clicked on does not move any more: what was loaded anew changes heights."""


@pytest.fixture
def page(fake: RunningFake, opened: tuple[Page, Any], seen: Seen) -> Page:
    """The page on a fake as at its start, without filters; what was seen before is forgotten."""
    page, _ = opened
    post(fake, "/_admin/reset")
    page.set_viewport_size(DESKTOP)
    page.evaluate("document.getElementById('filters').reset()")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # it looks again at once
    expect(page.locator("#entries > li")).to_have_count(0)
    page.evaluate(AT_REST)
    seen.hosts.clear()
    seen.complaints.clear()
    return page


def send(fake: RunningFake, path: str, body: Any = None, method: str = "GET", **headers: str) -> Any:
    """Status and JSON of a request with the fake's own token."""
    content = None if body is None else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {fake.token}", "Content-Type": "application/json", **headers}
    try:
        with urlopen(Request(fake.url + path, content, sent, method=method), timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, None


def post(fake: RunningFake, path: str, body: Any = None) -> Any:
    return send(fake, path, {} if body is None else body, "POST")


def show_everything(page: Page) -> None:
    """Have all that is loaded when it is looked at."""
    page.locator("#try-it").scroll_into_view_if_needed()
    page.wait_for_selector("#try-it .opblock")
    page.locator("#figures").scroll_into_view_if_needed()
    page.wait_for_selector("#usage table")
    page.locator("#customer-list button").first.click()
    page.wait_for_selector("#customer table")
    page.wait_for_selector("#entries summary")
    page.locator("#entries summary").first.click()


def execute(page: Page, path: str) -> None:
    page.wait_for_selector("#try-it .opblock")
    block = page.locator(".opblock", has=page.locator(f'[data-path="{path}"]'))
    if not block.locator(".execute").count():
        block.locator(".opblock-summary-control").click()
    block.locator(".execute").click()


def test_a_quiet_page_that_asks_nobody_else(fake: RunningFake, opened: tuple[Page, Any]) -> None:
    """All of the page, Swagger UI too, loads from the fake alone and without a word on the console."""
    page, told = opened
    expect(page.locator("#fact-seed")).to_have_text("7")
    expect(page.locator("#fact-asOf")).to_have_text(fake.as_of.isoformat())
    assert told == ({fake.url}, [])


def test_another_host_would_be_refused_and_seen(page: Page, seen: Seen) -> None:
    """The two checks above see a request to elsewhere, which the page's policy stops."""
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'stopped')") == "stopped"
    assert any("Content Security Policy" in words for words in seen.complaints)


def test_a_session_has_a_page_of_its_own(fake: RunningFake, page: Page) -> None:
    """Under a session's address the page shows and changes that session, and not the fake it is of."""
    _, told = post(fake, "/_admin/sessions", {"customers": 3})
    other = page.context.new_page()
    try:
        other.goto(told["url"])
        expect(other.locator("#scenario-bom")).to_be_attached()
        other.locator("#customer-list").scroll_into_view_if_needed()
        expect(other.locator("#customer-list button")).to_have_count(3)
        other.locator("#scenario-bom").check()
        expect(other.locator("#scenario-bom")).to_be_checked()
        prefix = urlsplit(told["url"]).path
        assert "bom" in send(fake, f"{prefix}/_admin/scenario")[1]["active"]
        assert "bom" not in send(fake, "/_admin/scenario")[1]["active"]
    finally:
        other.close()


def test_the_keyboard_switches_a_scenario(fake: RunningFake, page: Page) -> None:
    """Tab reaches the switch, the space bar turns it, and the next answer is another one."""
    page.evaluate(
        "document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')"
    )
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "scenario-silent-empty":
            break
    focused = page.locator("#scenario-silent-empty")
    expect(focused).to_be_focused()
    assert focused.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    assert send(fake, USAGE)[1]["totalCount"] > 0
    page.keyboard.press("Space")
    expect(page.locator("#fact-scenario")).to_have_text("silent-empty")
    assert send(fake, USAGE)[1]["totalCount"] == 0


def test_scenarios_combine_or_say_why_not(fake: RunningFake, page: Page) -> None:
    """Two go together; a third that contradicts them is refused in words and its switch goes back."""
    for name in ("bom", "stale"):
        page.locator(f"#scenario-{name}").click()
        expect(page.locator("#fact-scenario")).to_contain_text(name)  # it has been answered
    expect(page.locator("#fact-scenario")).to_have_text("stale, bom")
    page.locator("#scenario-outage").click()
    expect(page.locator("#day-error")).to_contain_text("do not combine")
    expect(page.locator("#scenario-outage")).not_to_be_checked()
    assert send(fake, "/_admin/scenario")[1]["active"] == ["stale", "bom"]


def test_the_page_follows_what_others_do(fake: RunningFake, page: Page) -> None:
    """A scenario and a date that somebody else sets show in facts, switches and field."""
    post(fake, "/_admin/scenario", {"scenario": "slow"})
    post(fake, "/_admin/clock", {"asOf": "2030-05-06"})
    expect(page.locator("#fact-asOf")).to_have_text("2030-05-06")
    expect(page.locator("#as-of")).to_have_value("2030-05-06")
    expect(page.locator("#scenario-slow")).to_be_checked()


def test_the_journal_is_live_and_shows_text_only(fake: RunningFake, page: Page, seen: Seen) -> None:
    """A request shows while the page is open; markup in its path and its headers stays text."""
    send(fake, quote(NASTY), **{"User-Agent": "<script>document.title='taken'</script>"})
    entry = page.locator("#entries > li").first
    expect(entry).to_contain_text(NASTY)
    entry.locator("summary").click()
    expect(entry.locator(".detail")).to_contain_text("<script>document.title='taken'</script>")
    assert page.locator("#entries img, #entries script").count() == 0
    assert "taken" not in page.title()
    assert seen.complaints == []


def test_the_journal_can_be_narrowed(fake: RunningFake, page: Page) -> None:
    """Filters leave the entries they name."""
    send(fake, USAGE)
    send(fake, "/v1/nothing")
    expect(page.locator("#entries > li")).to_have_count(2)
    page.locator("#by-status").select_option("4xx")
    expect(page.locator("#entries > li")).to_have_count(1)
    expect(page.locator("#entries > li")).to_contain_text("no operation")


def test_a_finding_leads_to_its_entry(fake: RunningFake, page: Page) -> None:
    """The verdict names the habit, and its entries open in the journal."""
    for _ in range(2):
        send(fake, USAGE, Prefer="code=429; retryAfter=60")
    expect(page.locator("#judged")).to_contain_text("Misbehaved")
    finding = page.locator("#findings li", has_text="came back before Retry-After")
    finding.locator("button").last.click()
    opened_entry = page.locator("#entries details[open]")
    expect(opened_entry).to_have_count(1)
    expect(opened_entry).to_contain_text("60 s")
    expect(opened_entry.locator("summary")).to_be_focused()


def test_faults_are_planned_met_and_taken_back(fake: RunningFake, page: Page) -> None:
    """A plan made in the form is met by the next request; its account says by which; then it is gone."""
    page.locator("#planned input").first.fill("teapot")
    page.get_by_role("button", name="Plan the faults").click()
    expect(page.locator("#faults-error")).to_contain_text("there is no fault 'teapot'")
    page.locator("#planned input").first.fill("503")
    page.get_by_role("button", name="Plan the faults").click()
    expect(page.locator("#plans")).to_contain_text("0 of 1 met")
    assert [send(fake, USAGE)[0] for _ in range(2)] == [503, 200]
    expect(page.locator("#plans")).to_contain_text("1 of 1 met")
    page.get_by_role("button", name="show the request").click()
    expect(page.locator("#entries details[open]")).to_contain_text("503")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#plans article")).to_have_count(0)
    assert send(fake, "/_admin/faults")[1]["plans"] == []


def test_date_and_reset(fake: RunningFake, page: Page) -> None:
    """The date moves by a button; the way back to the start takes all back."""
    page.get_by_role("button", name="A day on").click()
    expect(page.locator("#fact-asOf")).not_to_have_text(fake.as_of.isoformat())
    send(fake, USAGE)
    page.get_by_role("button", name="Back to the start").click()
    expect(page.locator("#fact-asOf")).to_have_text(fake.as_of.isoformat())
    expect(page.locator("#entries > li")).to_have_count(0)


def test_try_it_has_a_token_and_renews_it(fake: RunningFake, page: Page) -> None:
    """A request from the page is answered 200 and not judged; near its end the token is renewed first."""
    tokens = []

    def expiring(route: Any) -> None:
        answer = route.fetch()
        tokens.append(answer.json()["token"])
        route.fulfill(response=answer, json={**answer.json(), "expiresIn": 200})

    page.reload()
    page.route("**/_admin/token", expiring)
    page.locator("#try-it").scroll_into_view_if_needed()
    path = "/v1/customers/{customer-id}/analytics/licenses/deployment"
    execute(page, path)
    expect(page.locator(".live-responses-table .response .response-col_status")).to_contain_text("200")
    expect(page.locator("#entries > li")).to_have_count(1)
    execute(page, path)
    expect(page.locator("#entries > li")).to_have_count(2)
    assert len(tokens) == 2
    page.unroute_all()
    expect(page.locator("#judged")).to_contain_text("Nothing to judge yet")


def test_try_it_is_asked_by_the_rules(fake: RunningFake, page: Page) -> None:
    """A request tried again after its failure keeps its MS-RequestId and has a correlation id of its own."""
    plan = {"faults": [{"operation": "*", "code": 500}], "all": True}
    post(fake, "/_admin/faults", plan)
    page.locator("#try-it").scroll_into_view_if_needed()
    for place in (1, 2):
        execute(page, USAGE)
        expect(page.locator("#entries > li")).to_have_count(place)
    first, second = send(fake, "/_admin/journal")[1]["entries"]
    assert (first["status"], second["status"]) == (500, 200)
    assert first["requestId"] == second["requestId"]
    assert first["correlationId"] != second["correlationId"]


def test_a_customer_is_found_and_opened(fake: RunningFake, page: Page) -> None:
    """Part of a name finds the customer; its licences are those the API answers."""
    customer = send(fake, "/v1/customers")[1]["items"][5]
    rows = send(fake, f"/v1/customers/{customer['id']}/analytics/licenses/deployment")[1]["items"]
    page.locator("#customer-search").fill(customer["companyProfile"]["domain"])
    expect(page.locator("#customer-list li")).to_have_count(1)
    page.locator("#customer-list button").click()
    expect(page.locator("#customer h3")).to_have_text(customer["companyProfile"]["companyName"])
    page.locator("#customer-search").clear()
    table = page.locator("#customer table").first
    expect(table.locator("tbody tr")).to_have_count(len(rows))
    expect(table).to_contain_text(f"{rows[0]['licensesDeployed']} of {rows[0]['licensesSold']}")


def test_news_move_no_page(fake: RunningFake, page: Page) -> None:
    """A customer that was opened is looked at again where the data change: nobody is taken to it."""
    one = re.compile("/_admin/customers/[0-9a-f-]{36}$")
    with page.expect_response(one):
        page.locator("#customer-list button").first.click()
    page.wait_for_timeout(500)  # it is shown, and come into sight
    page.evaluate("scrollTo(0, 0)")
    with page.expect_response(one):
        post(fake, "/_admin/scenario", {"scenario": "silent-empty"})
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") == 0


def test_the_charts_are_tables_of_what_is_answered(fake: RunningFake, page: Page) -> None:
    """Each bar has its number beside it, in a table with a caption and heads."""
    rows = send(fake, DEPLOYMENT)[1]["items"]
    page.locator("#figures").scroll_into_view_if_needed()
    table = page.get_by_role("table", name="Deployment by service")
    expect(table).to_contain_text(f"of {rows[-1]['licensesSold']} sold")
    assert table.locator(".track").count() == table.locator(".figure").count() == len(rows)
    post(fake, "/_admin/scenario", {"scenario": "silent-empty"})
    expect(page.locator("#deployment")).to_contain_text("No rows")


def test_a_customer_is_added_changed_and_removed(fake: RunningFake, page: Page) -> None:
    """A person puts a customer into the fake, changes its licences and takes it away; the API follows."""
    page.get_by_text("Add a customer").click()
    adding = page.get_by_role("form", name="Add a customer")
    adding.get_by_label("Name of the new customer").fill("Fabrikam")
    adding.get_by_label("Product").fill("Office 365 E3")
    adding.get_by_label("Sold").fill("10")
    adding.get_by_label("Deployed").fill("20")
    adding.get_by_role("button", name="Add the customer").click()
    expect(adding.get_by_role("alert")).to_contain_text("20 is more than sold 10")
    adding.get_by_label("Sold").fill("100")
    adding.get_by_label("Deployed").fill("60")
    adding.get_by_role("button", name="Add the customer").click()
    expect(page.locator("#customer h3")).to_have_text("Fabrikam")
    expect(page.locator("#customer table").first).to_contain_text("60 of 100")
    expect(page.locator("#customer-list")).to_contain_text("Fabrikam")
    page.get_by_text("Change this customer").click()
    licence = page.get_by_role("form", name="Office 365 E3")
    licence.get_by_label("Sold").fill("120")
    licence.get_by_role("button", name="Save").click()
    expect(page.locator("#customer table").first).to_contain_text("60 of 120")
    more = page.get_by_role("form", name="Add a licence")
    more.get_by_label("Product").fill("Visio Plan 2")
    more.get_by_label("Sold").fill("7")
    more.get_by_role("button", name="Add the licence").click()
    expect(page.locator("#customer table").first).to_contain_text("of 7")
    first = send(fake, "/v1/customers")[1]["items"][0]
    assert first["companyProfile"]["companyName"] == "Fabrikam"
    rows = send(fake, f"/v1/customers/{first['id']}/analytics/licenses/deployment")[1]["items"]
    assert {row["productName"]: row["licensesSold"] for row in rows} == {
        "Office 365 E3": 120,
        "Visio Plan 2": 7,
    }
    page.get_by_role("button", name="Remove the customer").click()
    expect(page.locator("#customers-done")).to_have_text("Fabrikam is removed.")
    assert send(fake, f"/v1/customers/{first['id']}")[0] == 404
    page.get_by_text("Add a customer").click()


def test_what_is_being_typed_stays(fake: RunningFake, page: Page) -> None:
    """News of the customer and of the date are shown; what is typed and not yet sent stays, and the focus."""
    _, customer = send(fake, "/_admin/customers", {"name": "Fabrikam", "licenses": [E3]}, "POST")
    page.locator("#customer-list button", has_text="Fabrikam").click()
    page.get_by_text("Change this customer").click()
    adding = page.get_by_role("form", name="Add a licence")
    adding.get_by_label("Product").fill("Visio Pl")
    page.get_by_role("form", name="Office 365 E3").get_by_label("Deployed").fill("55")
    page.get_by_label("Today is").fill("2031-02-03")
    adding.get_by_label("Product").focus()
    licence = f"/_admin/customers/{customer['id']}/licenses/{quote(str(E3['product']))}"
    assert send(fake, licence, {"sold": 77}, "PATCH")[0] == 200
    post(fake, "/_admin/clock", {"days": 1})
    expect(page.locator("#customer table").first).to_contain_text("of 77")
    expect(adding.get_by_label("Product")).to_have_value("Visio Pl")
    expect(adding.get_by_label("Product")).to_be_focused()
    expect(page.get_by_role("form", name="Office 365 E3").get_by_label("Deployed")).to_have_value("55")
    expect(page.get_by_role("form", name="Office 365 E3").get_by_label("Sold")).to_have_value("77")
    expect(page.get_by_label("Today is")).to_have_value("2031-02-03")
    page.locator("#customer-list button").nth(1).click()
    expect(page.locator("#customer h3")).not_to_have_text("Fabrikam")
    expect(adding.get_by_label("Product")).to_have_value("")
    page.get_by_role("button", name="Back to the start").click()
    expect(page.get_by_label("Today is")).to_have_value(fake.as_of.isoformat())


def test_the_trend_is_read_day_by_day(fake: RunningFake, page: Page) -> None:
    """The keyboard points at a day; its values are told in words, and all days stand in a table."""
    history = send(fake, "/_admin/history")[1]
    page.locator("#trend").scroll_into_view_if_needed()
    day = page.get_by_label("Day", exact=True)
    expect(day).to_have_attribute("max", str(len(history["days"]) - 1))
    expect(page.locator("#trend-values")).to_contain_text(history["days"][-1])
    day.focus()
    page.keyboard.press("ArrowLeft")
    sold = history["deployment"][0]["sold"][-2]
    expect(page.locator("#trend-values")).to_contain_text(f"{history['days'][-2]}: {sold:,} sold")
    expect(day).to_have_attribute("aria-valuetext", page.locator("#trend-values").inner_text())
    page.get_by_label("Of what").select_option(index=len(history["deployment"]))
    active = history["usage"][0]["active"][-2]
    expect(page.locator("#trend-values")).to_contain_text(f"{active:,} active")
    page.get_by_text("All days as a table").click()
    expect(page.locator("#trend-table tbody tr")).to_have_count(len(history["days"]))
    page.get_by_text("All days as a table").click()
    day.press("End")


def test_phone_width(fake: RunningFake, page: Page) -> None:
    """At 375 pixels nothing makes the page wider than the screen, and who chooses a customer sees it."""
    send(fake, f"/v1/{'long' * 100}")
    page.set_viewport_size({"width": 375, "height": 812})
    show_everything(page)
    execute(page, "/v1/customers")
    page.wait_for_selector(".live-responses-table")
    expect(page.get_by_label("seekOperation")).to_be_visible()  # a name Swagger UI does not give
    page.locator("#customer-list button").first.click()
    expect(page.locator("#customer h3").first).to_be_in_viewport()
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) == 375
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('div'), {id: 'wide'}))"
    )
    page.evaluate("document.getElementById('wide').style.cssText = 'width: 500px; height: 1px'")
    assert page.evaluate(wide) > 375
    page.evaluate("document.getElementById('wide').remove()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_is_within_reach(fake: RunningFake, page: Page, scheme: Any) -> None:
    """At 375 pixels and in either colours every link is in sight, in the order of the sections, and the
    verdict and the journal come before what is long."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 375, "height": 812})
    page.evaluate("scrollTo(0, 0)")
    links = page.locator("header nav a")
    tops = []
    for place in range(links.count()):
        box = links.nth(place).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375
        assert box["y"] + box["height"] < 200
        section = page.locator(links.nth(place).get_attribute("href") or "").first.bounding_box()
        assert section is not None
        tops.append(section["y"])
    assert tops == sorted(tops)
    assert len(tops) == 8
    page.set_viewport_size(DESKTOP)
    for part in ("#verdict", "#journal"):
        assert page.locator(part).evaluate("part => part.getBoundingClientRect().top + scrollY") < 900
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(16, 21, 28)") is (scheme == "dark")
    page.emulate_media(color_scheme="light")


def test_the_padlocks_are_closed(fake: RunningFake, page: Page) -> None:
    """A token is in place, and Swagger UI shows it: no operation's padlock is open."""
    expect(page.locator("#try-it .btn.authorize.locked")).to_be_visible()
    expect(page.locator("#try-it .authorization__btn .locked")).to_have_count(
        len(Catalogue.load().operations)
    )
    assert page.locator("#try-it .unlocked").count() == 0


def test_an_entry_is_readable_and_can_be_sent_again(fake: RunningFake, page: Page) -> None:
    """A body has a line for each member, also where only its beginning was kept; the curl line works."""
    send(fake, "/v1/customers?size=5", Prefer="code=200")
    page.locator("#entries summary").first.click()
    body = page.locator("#entries pre code").first
    expect(body).to_contain_text("items")
    assert len(body.inner_text().splitlines()) > 5
    page.get_by_role("button", name="Copy as curl").click()
    line = page.get_by_role("region", name="as curl").locator("code")
    expect(line).to_contain_text("Bearer eyJ")
    words = shlex.split(line.inner_text())
    fetched = subprocess.run([*words, "-s"], capture_output=True, check=True, text=True)
    assert fetched.stdout.startswith("HTTP/1.1 200")


def test_an_outage_is_told_where_the_eyes_are(fake: RunningFake, page: Page) -> None:
    """However far the page is scrolled, the note that the fake does not answer is in sight."""
    page.locator("#customers").scroll_into_view_if_needed()
    page.route("**/_admin/world", lambda route: route.abort())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lost")).to_be_in_viewport()
    page.unroute_all()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#lost")).to_be_hidden()


def test_accessible(fake: RunningFake, page: Page) -> None:
    """axe finds nothing against WCAG 2.2 A and AA in either colour scheme; what is hard to read, it finds."""
    post(fake, "/_admin/faults", {"faults": [{"operation": "token", "code": 500}]})
    send(fake, USAGE, Prefer="code=500")
    send(fake, "/v1/customers", Prefer="code=429; retryAfter=9")
    send(fake, "/v1/customers")
    page.reload()
    page.wait_for_selector("#scenario-bom")
    from axe_playwright_python.sync_playwright import Axe

    show_everything(page)
    execute(page, "/v1/customers/{customer-id}")
    page.wait_for_selector(".live-responses-table")
    axe = Axe()

    def violations(rules: list[str], **part: Any) -> list[tuple[str, list[Any]]]:
        options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
        found = axe.run(page, options=options, **part).response["violations"]
        return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]

    assert violations(WCAG) == []
    page.emulate_media(color_scheme="dark")
    assert violations(COLOURS) == []
    page.evaluate("document.getElementById('overview-title').style.color = '#555'")
    assert "color-contrast" in [name for name, _ in violations(COLOURS, context="#overview")]
    page.emulate_media(color_scheme="light")
    page.evaluate("document.getElementById('overview-title').style.color = ''")


def test_a_line_is_copied(fake: RunningFake, page: Page) -> None:
    """The button beside a curl line puts it into the clipboard, with a token that works."""
    page.get_by_role("button", name="Copy the request", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    words = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    assert words[0] == "curl"
    assert send(fake, words[-1].removeprefix(fake.url), Authorization=words[2].split(": ")[1])[0] == 200
