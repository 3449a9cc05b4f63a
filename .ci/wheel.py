"""The package installed for this Python does its main jobs, outside the checkout, or the exit code is 1."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

PROGRAM = Path(sys.executable).parent / "partner-insights"
PATH = "/v1/analytics/licenses/deployment"


def run(folder: str, *arguments: str) -> None:
    """Run a verb to its end; CalledProcessError where it fails."""
    subprocess.run([PROGRAM, *arguments], cwd=folder, check=True, timeout=120)


def serve_one_request(folder: str) -> None:
    """Start a fake, have it answer one request, and stop it."""
    ready = Path(folder, "ready.json")
    options = ["--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen([PROGRAM, "serve", *options], cwd=folder, stdout=subprocess.DEVNULL) as fake:
        try:
            deadline = time.monotonic() + 30
            while not ready.exists() and fake.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            told = json.loads(ready.read_text(encoding="utf-8"))
            request = Request(told["url"] + PATH, headers={"Authorization": f"Bearer {told['token']}"})
            with urlopen(request, timeout=10) as response:
                body = json.load(response)
            assert body["totalCount"] == len(body["items"]) > 0
        finally:
            fake.terminate()
    assert fake.returncode == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        serve_one_request(folder)
        run(folder, "fixtures", "write", "customer-licenses-usage", "--out", "usage.json")
        run(folder, "check", "usage.json")
        run(folder, "verify")
    print(f"Python {sys.version.split()[0]}: serve, fixtures write, check and verify work")
