"""How many logins and tokens a second the directory gives, and how soon the first, beside oidc-provider-mock.

    python benchmarks/token_speed.py [--seconds 5] [--peer COMMAND]

A login is a code and the tokens for it, over one connection kept open. The peer (`pip install
oidc-provider-mock`) has no grant without a login; it is left out where it is not installed. Both sign
by RS256. Client credentials are measured by `wrk` where that is installed. Everything listens at
loopback and is stopped by its process id.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED = {
    "client_id": "app",
    "response_type": "code",
    "redirect_uri": "http://localhost:1/back",
    "scope": "openid profile",
}
CLIENT = {"client_id": "app", "client_secret": "s"}
ALONE = CLIENT | {"grant_type": "client_credentials", "resource": "https://api.partnercenter.microsoft.com"}
CONNECTIONS = 16
PEER = str(Path(sys.executable).with_name("oidc-provider-mock"))
KIND = "application/x-www-form-urlencoded"
SCRIPT = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "{kind}"\nwrk.body = "{body}"\n'


@dataclass(frozen=True)
class Server:
    """A directory: how it is started, and where it signs in."""

    command: list[str]
    authorize: str
    token: str
    form: dict[str, str] | None = None
    """What its sign-in page posts; None: it signs in at once."""

    def login(self, session: requests.Session, url: str) -> None:
        """A code, and the tokens for it."""
        address, options = f"{url}{self.authorize}?{urlencode(ASKED)}", {"allow_redirects": False}
        answer = (
            session.get(address, **options)
            if self.form is None
            else session.post(address, data=self.form, **options)
        )
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        form = CLIENT | {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": ASKED["redirect_uri"],
        }
        session.post(url + self.token, data=form).json()["id_token"]


def main() -> int:
    """Measure one after the other, and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--peer", default=PEER)
    options = parser.parse_args()
    for line in lines(options.seconds, options.peer):
        print(line, flush=True)
    return 0


def lines(seconds: int, peer: str = PEER) -> Iterator[str]:
    """What was measured of each, in words."""
    command = [sys.executable, "-P", "-m", "partner_insights", "serve", "--customers", "1", "--port"]
    oauth2 = "/contoso.example/oauth2"
    ours = Server(command, f"{oauth2}/v2.0/authorize", f"{oauth2}/v2.0/token")
    theirs = Server([peer, "--port"], "/oauth2/authorize", "/oauth2/token", {"sub": "ann"})
    for name, server in (("partner-insights", ours), ("oidc-provider-mock", theirs)):
        if shutil.which(server.command[0]) is None:
            yield f"{name} is not installed"
            continue
        with started(server) as (url, first):
            rate = logins(server, url, seconds)
            line = f"{name}: first login after {first:.2f} s, {rate:.0f} logins a second"
            if server is ours and shutil.which("wrk"):
                line += f", {tokens(f'{url}{oauth2}/token', seconds):.0f} tokens a second"
        yield line


@contextmanager
def started(server: Server) -> Iterator[tuple[str, float]]:
    """The server's address, and after how many seconds it gave its first login."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began, url = time.monotonic(), f"http://127.0.0.1:{port}"
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*server.command, str(port)], stdout=quiet, stderr=quiet)
    try:
        while time.monotonic() < began + 60:
            with suppress(requests.ConnectionError), requests.Session() as session:
                server.login(session, url)
                break
            time.sleep(0.01)
        yield url, time.monotonic() - began
    finally:
        process.terminate()
        process.wait(10)


def logins(server: Server, url: str, seconds: int) -> float:
    """Logins a second, one after the other."""
    with requests.Session() as session:
        began, count = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            server.login(session, url)
            count += 1
        return count / (time.monotonic() - began)


def tokens(url: str, seconds: int) -> float:
    """Tokens for an application a second, by many connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(kind=KIND, body=urlencode(ALONE)))
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script.name, url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if rate is None or "Non-2xx" in told:
        raise RuntimeError(told)
    return float(rate[1])


if __name__ == "__main__":
    sys.exit(main())
