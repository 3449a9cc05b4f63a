"""A fake with faults, judged by `verify` → the picture of the HTML report in docs/images/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from console_picture import IMAGES, ask
from playwright.sync_api import sync_playwright

from partner_insights.child_server import running_fake

FAULTS = ("CustomerLicensesUsageInsights.workloadName:type", "wrong-total-count")
OPERATIONS = ("customer-licenses-usage", "partner-licenses-deployment")
WIDTH = 1100


def judge(report: Path) -> None:
    """Has the report of a fake written, whose two operations answer with a fault each."""
    with running_fake("--port", "8123", "--customers", "7", "--as-of", "2026-11-22") as fake:
        plan = [{"operation": each, "fault": fault} for each, fault in zip(OPERATIONS, FAULTS, strict=True)]
        ask(fake, "/_admin/faults", {"faults": plan, "all": True, "repeat": True})
        verify = [sys.executable, "-m", "partner_insights", "verify"]
        environment = {**os.environ, "PARTNER_INSIGHTS_TOKEN": fake.token}
        subprocess.run([*verify, "--url", fake.url, "--html", str(report)], env=environment, check=False)  # noqa: S603 - our own program


def main() -> None:
    """The page from its top to the end of its first violation."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        judge(report)
        page = playwright.chromium.launch(executable_path=shutil.which("chromium")).new_page(
            viewport={"width": WIDTH, "height": 900}
        )
        page.goto(report.as_uri())
        first = page.locator("section").first.bounding_box()
        if first is None:
            raise LookupError("the report has no violation")
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": first["y"] + first["height"] + 12}
        page.screenshot(path=IMAGES / "report.png", clip=clip, full_page=True)  # type: ignore[arg-type]  # a TypedDict


if __name__ == "__main__":
    main()
