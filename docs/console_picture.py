"""A fake at work, seen by a browser → the pictures of the console in docs/images/.

They may have some thousand colours; `pngquant --ext .png --force 128 docs/images/console*.png` halves them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import sync_playwright

from partner_insights.child_server import RunningFake, running_fake

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parent / "images"
FAKE = ("--seed", "11", "--as-of", "2026-11-22", "--scenario", "stale", "--scenario", "bom")
USAGE = "/v1/analytics/licenses/usage"
WIDTH = 1280


def ask(fake: RunningFake, path: str, body: Any = None, **headers: str) -> Any:
    """One request of a client that shows; the answer's JSON, None for a refusal."""
    content = None if body is None else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {fake.token}", "Content-Type": "application/json", **headers}
    try:
        with urlopen(Request(fake.url + path, content, sent), timeout=10) as answer:  # noqa: S310 - our own
            return json.loads(answer.read().decode("utf-8-sig"))
    except HTTPError:
        return None


def client_at_work(fake: RunningFake) -> None:
    """Requests, some of which it had better not made so."""
    customer = ask(fake, "/v1/customers")["items"][1]["id"]
    plan = [{"operation": "*", "code": 429, "retryAfter": 5}, {"operation": "*", "fault": "truncate"}]
    ids = {"MS-RequestId": "5d9c5d1e-6a0e-4a62-9b3c-1f2e3d4c5b6a"}
    ask(fake, USAGE, **ids)
    ask(fake, f"/v1/customers/{customer}/analytics/licenses/deployment")
    ask(fake, "/v1/analytics/license/usage")
    ask(fake, "/_admin/faults", {"faults": plan, "all": True})
    ask(fake, "/v1/analytics/licenses/deployment")
    ask(fake, "/v1/analytics/licenses/deployment", Prefer="code=200")


def shoot(page: Page, name: str, top: str, bottom: str) -> None:
    """A picture from the upper edge of one element to the lower edge of another."""
    page.evaluate("scrollTo(0, 0)")
    edges = [page.locator(selector).bounding_box() for selector in (top, bottom)]
    if edges[0] is None or edges[1] is None:
        raise LookupError(f"{top} or {bottom} is not on the page")
    first, last = max(0, edges[0]["y"] - 12), edges[1]["y"] + edges[1]["height"] + 12
    clip = {"x": 0, "y": first, "width": WIDTH, "height": last - first}
    page.screenshot(path=IMAGES / name, clip=clip, full_page=True)  # type: ignore[arg-type]  # a TypedDict


def main() -> None:
    """Draw both."""
    with running_fake(*FAKE) as fake, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, reduced_motion="reduce")
        client_at_work(fake)
        page.goto(fake.url)
        page.locator("#try-it").scroll_into_view_if_needed()
        page.wait_for_selector("#try-it .opblock")
        page.locator("#figures").scroll_into_view_if_needed()
        page.wait_for_selector("#usage table")
        page.locator("#customer-list button").nth(1).click()
        page.wait_for_selector("#customer table")
        page.locator("#entries summary").nth(3).click()
        page.wait_for_timeout(1000)
        shoot(page, "console.png", "header", "#journal")
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(1000)
        shoot(page, "console-dark.png", "section#operations", "footer")
        browser.close()


if __name__ == "__main__":
    main()
