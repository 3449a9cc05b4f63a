"""A fake on this machine and a page of another site, in a browser: it moves nothing, and sees nothing."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import requests

from partner_insights.child_server import RunningFake, running_fake

pytest.importorskip("playwright", reason="the dev extra has the browser's driver")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.external
REBOUND = "rebound.example"
"""A name that the browser takes for this machine's."""
USAGE = "/v1/analytics/licenses/usage"
TOKEN = "/contoso.example/oauth2/v2.0/token"
AUTHORIZE = "/contoso.example/oauth2/v2.0/authorize"

TRIES = """async ([url, token, usage]) => {
  const loaded = (element) => new Promise(done => {
    element.onload = () => done("loaded");
    element.onerror = () => done("failed");
    document.body.append(element);
  });
  const element = (name, fields) => loaded(Object.assign(document.createElement(name), fields));
  const status = (path, options) =>
    fetch(url + path, options).then(answer => answer.type + answer.status, () => "failed");
  const form = new URLSearchParams({grant_type: "password"});
  const frame = Object.assign(document.createElement("iframe"), {name: "target"});
  document.body.append(frame);
  const where = {action: url + token, method: "post", target: "target"};
  const post = Object.assign(document.createElement("form"), where);
  document.body.append(post);
  const posted = new Promise(done => { frame.onload = () => done("posted"); });
  post.submit();
  navigator.sendBeacon(url + token, form);
  return [
    await status(usage),
    await status(usage, {headers: {Authorization: "Bearer x"}}),
    await status(token, {method: "POST", body: form}),
    await element("img", {src: url + usage}),
    await element("script", {src: url + usage}),
    await element("link", {rel: "stylesheet", href: url + usage}),
    await element("iframe", {src: url + usage}),
    await status(usage, {mode: "no-cors"}),
    await posted,
  ];
}"""
"""The ways of a page to reach another server."""


class _Page(BaseHTTPRequestHandler):
    """A page with links."""

    fake = ""

    def do_GET(self) -> None:
        paths = ("/", f"{AUTHORIZE}?client_id=app&response_type=code&redirect_uri={self.own}/back", USAGE)
        links = "".join(f"<a id=link{at} href='{self.fake}{path}'>{at}</a> " for at, path in enumerate(paths))
        body = f"<!doctype html><title>{self.path.split('?')[0]}</title><body>{links}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def own(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"  # type: ignore[str-bytes-safe]

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def fakes() -> Iterator[tuple[RunningFake, RunningFake, int]]:
    """A fake; one that allows the page's origin; and the port of the page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        port = server.server_address[1]
        allowed = f"http://{REBOUND}:{port}"
        with (
            running_fake() as fake,
            running_fake("--cors-origin", allowed, "--allow-host", REBOUND) as open_one,
        ):
            _Page.fake = fake.url
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield fake, open_one, port
            server.shutdown()
            assert "Traceback" not in fake.output + open_one.output


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def seen(fakes: Any) -> Callable[[RunningFake], list[Any]]:
    """What a fake's journal has since its plan of one fault for all was made, which is first."""
    for fake in fakes[:2]:
        requests.post(f"{fake.url}/_admin/reset", timeout=10).raise_for_status()
        plan = {"faults": [{"operation": "*", "code": 503}], "all": True}
        requests.post(f"{fake.url}/_admin/faults", json=plan, timeout=10).raise_for_status()

    def read(fake: RunningFake) -> list[Any]:
        answer = requests.get(
            f"{fake.url}{USAGE}", headers={"Authorization": f"Bearer {fake.token}"}, timeout=10
        )
        journal = requests.get(f"{fake.url}/_admin/journal", timeout=10).json()["entries"]
        assert journal[-1]["status"] == answer.status_code
        return [each["status"] for each in journal]

    return read


@pytest.mark.parametrize("host", [REBOUND, "127.0.0.1"])
def test_no_way_of_a_page_reaches_the_fake(fakes: Any, page: Page, seen: Any, host: str) -> None:
    """From another site, and from another port of this machine: no entry, no fault consumed, nothing read."""
    fake, _, port = fakes
    page.goto(f"http://{host}:{port}/")
    told = page.evaluate(TRIES, [fake.url, TOKEN, USAGE])
    assert told[:3] == ["failed"] * 3
    assert seen(fake) == [503]


def test_a_rebound_name_reaches_nothing(fakes: Any, page: Page, seen: Any) -> None:
    """The page's own name, led to the fake: the API, tokens, the description and the console are 421."""
    fake, _, _ = fakes
    rebound = fake.url.replace("127.0.0.1", REBOUND)
    for path in ("/", USAGE, "/openapi.json", f"{AUTHORIZE}?client_id=app"):
        answer = page.goto(rebound + path)
        assert answer is not None
        assert answer.status == 421
    told = page.evaluate(TRIES, ["", TOKEN, USAGE])
    assert set(told[:3]) == {"basic421"}
    assert seen(fake) == [503]


def test_links_open_the_console_and_a_sign_in(fakes: Any, page: Page) -> None:
    """What people follow links for still works; a link to data does not."""
    _, _, port = fakes
    here = f"http://{REBOUND}:{port}/"
    ended = []
    for number in range(3):
        page.goto(here)
        with page.expect_navigation():
            page.click(f"#link{number}")
        ended.append(page.title() or json.loads(page.inner_text("body"))["code"])
    assert ended == [ended[0], "/back", "403"]
    assert "Partner Center" in ended[0]


def test_an_origin_allowed_uses_the_api(fakes: Any, page: Page, seen: Any) -> None:
    """Its page reads answers and meets faults; what does not say whose it is does not get through."""
    _, fake, port = fakes
    page.goto(f"http://{REBOUND}:{port}/")
    told = page.evaluate(TRIES, [fake.url, TOKEN, USAGE])
    assert told[:3] == ["cors503", "cors401", "cors400"]
    assert told[3:5] == ["failed", "failed"]
    answer = page.goto(f"{fake.url.replace('127.0.0.1', REBOUND)}/")
    assert answer is not None
    assert answer.status == 200
