"""Hostile traffic at a running fake → whether it took any harm: it answers as before and tells nothing.

    python benchmarks/hostile.py [--requests 100000] [--idle 10000] [--delayed 10000] [--seed 1]

Random methods, paths, encodings, header sizes and bodies, pipelined, while other connections idle, stop
half-way through a head or a body, or send a byte now and then. Then responses are delayed by a fault, all at
once, while an ordinary client goes on. Ends by itself; 1 where a check fails.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import random
import re
import resource
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import partner_insights
from partner_insights.child_server import RunningFake, running_fake

AT_ONCE: Final = 32
"""Connections that send without a pause."""
HALF_HEADS: Final = 500
NOT_IMPLEMENTED: Final = 501
"""The right answer to a method that nobody knows."""
HALF_BODIES: Final = 200
SLOW: Final = 100
MAX_MEMORY: Final = 100.0
"""Megabytes of all processes together, once it is over."""
MAX_GROWTH: Final = 25.0
SETTLING: Final = 40.0
"""Seconds until the server has given back threads without work, and memory with them."""
MAX_SECONDS: Final = 3.0
"""An ordinary request may take meanwhile, on a machine that has other things to do."""
MAX_P99: Final = 0.05
"""Seconds of an ordinary request while others are delayed."""

JUNK: Final = bytes(each for each in range(33, 256) if chr(each) not in "\x7f:?#{}|\\^[]`<>")
FORM: Final = b"application/x-www-form-urlencoded"
METHODS: Final = (
    "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
    "get", "BREW", "PROPFIND",
)  # fmt: skip
PATHS: Final = (
    "/v1/analytics/licenses/deployment", "/v1/analytics/licenses/usage",
    "/v1//analytics///licenses/usage/", "/v1/customers", "/v1/customers?size=1",
    "/v1/customers?size=999999999999999999999", "/v1/customers?size=%00", "/v1/customers/{id}",
    "/v1/customers/{ID}", "/v1/customers/{id}/analytics/licenses/usage",
    "/v1/customers/{junk}/analytics/licenses/usage", "/v1/customers/{id}/{junk}", "/{junk}",
    "/{junk}/{junk}", "/t/oauth2/token", "/{junk}/oauth2/v2.0/token", "/openapi.json", "/_admin/health",
    "/_admin/journal?status={junk}", "/_admin/faults/{junk}", "/_admin/{junk}", "/_admin/faults",
    "/_admin/clock", "/_admin/scenario", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
    "/static/../../etc/passwd", "/..%5c..%5cwin.ini", "/v1/customers/%00", "/%ff%fe%fd",
    "/v1/%C0%AF%C0%AE", "/%u0041", "*", "http://evil.example/v1/customers", "//evil.example/",
    "/v1/customers?{junk}&{junk}={junk}", "/v1/customers?seekOperation=Next",
    "/v1/customers/%F0%9F%A6%84", "/favicon.ico", "/_console/../../secret",
)  # fmt: skip
NAMES: Final = (
    "Accept", "Accept-Encoding", "Authorization", "MS-RequestId", "MS-CorrelationId", "X-Locale",
    "Prefer", "X-Fault-Plan", "Range", "If-None-Match", "Origin", "Cookie", "MS-ContinuationToken",
    "X-Forwarded-For", "X-Admin-Token", "Content-Encoding",
)  # fmt: skip
VALUES: Final = (
    "*/*", "text/html", "application/json;q=0", "gzip;q=-1", "gzip,,,;", "identity;q=0", "Bearer",
    "Bearer", ".", "Basic", "Og==", "0", "-1", "1e9", "bytes=0-,-1", "null", "code=abc",
    "fault=nothing", "code=99999;retryAfter=x", "100-continue", "websocket", "h2c", "close",
    "keep-alive", "chunked", "gzip,chunked", "%00", "../../etc/passwd",
)  # fmt: skip
BREAKING: Final = (
    b"Connection: close", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Upgrade: h2c",
    b"Content-Length: -1", b"Content-Length: 5", b"Expect: 100-continue", b"No colon", b": none",
)  # fmt: skip
"""Headers after which nothing, or nothing more of a connection, can be understood."""
BODIES: Final = (b"", b"grant_type=password&client_id=", b'{"faults": [', b"[" * 3000)
KINDS: Final = (FORM, b"application/json", b"multipart/form-data; boundary=")
SECRETS: Final = tuple(
    each.encode()
    for each in (
        "Traceback (most recent", "<html", "root:x:0", "site-packages", sys.prefix,
        str(Path(partner_insights.__file__).parent),
    )
)  # fmt: skip
LAST: Final = b"GET /_admin/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass
class Attack:
    """One stream of random requests, and what came of them."""

    fake: RunningFake
    customer: str
    random: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    told: Counter[bytes] = field(default_factory=Counter)
    sent: int = 0
    asked: Counter[int] = field(default_factory=Counter)
    """How many failures were asked for, by status."""

    async def run(self, requests: int) -> None:
        """Send them over a number of connections at a time."""
        self.left = requests
        await asyncio.gather(*(self._lane() for _ in range(AT_ONCE)))

    async def _lane(self) -> None:
        while self.left > 0:
            batch = min(self.left, self.random.choice((1, 1, 2, 8, 24)))
            self.left -= batch
            payload = b"".join(self._request() for _ in range(batch))
            self.sent += batch
            self._take(await _exchange(self.fake, payload + LAST))

    def _take(self, answer: bytes) -> None:
        self.statuses.update(int(status) for status in STATUS.findall(answer))
        lower = answer.lower()
        self.told.update(secret for secret in SECRETS if secret.lower() in lower)

    def _request(self) -> bytes:
        choose = self.random
        if choose.random() < 0.003:
            return self._noise(choose.choice((3, 50, 5000)))
        method = choose.choice(METHODS)
        path = self._path(choose.choice(PATHS))
        headers = [b"Host: 127.0.0.1"] if choose.random() < 0.95 else []
        if choose.random() < 0.5:
            headers.append(b"Authorization: Bearer " + self.fake.token.encode())
        headers += [self._header() for _ in range(choose.choice((0, 1, 2, 5, 5, 60)))]
        if choose.random() < 0.01:
            headers.append(b"X-Large: " + b"x" * choose.choice((9_000, 70_000, 500_000)))
        if choose.random() < 0.01:
            status = choose.choice((500, 502, 503))
            self.asked[status] += 1
            headers.append(f"Prefer: code={status}".encode())
        body = b""
        if choose.random() < 0.3:
            body = choose.choice((*BODIES, self._noise(200)))
            kind = choose.choice((*KINDS, self._junk()))
            length = len(body) if choose.random() < 0.98 else choose.choice((-1, 0, 1, 10**19))
            headers += [b"Content-Type: " + kind, f"Content-Length: {length}".encode()]
        return method.encode() + b" " + path + b" HTTP/1.1\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + body

    def _path(self, path: str) -> bytes:
        path = path.replace("{id}", self.customer).replace("{ID}", self.customer.upper())
        parts = path.encode().split(b"{junk}")
        return b"".join(part + (self._junk() if part is not parts[-1] else b"") for part in parts)

    def _header(self) -> bytes:
        if self.random.random() < 0.005:
            return self.random.choice(BREAKING)
        name = self.random.choice((*NAMES, f"X-{self.random.randrange(10**9)}", "x" * 300)).encode()
        value = self.random.choice(VALUES).encode() if self.random.random() < 0.6 else self._junk()
        return name + b": " + value

    def _junk(self) -> bytes:
        length = self.random.choice((1, 3, 12, 40, 300))
        if self.random.random() < 0.97:
            return urllib.parse.quote_from_bytes(self.random.randbytes(length)).encode()
        return bytes(self.random.choices(JUNK, k=length))

    def _noise(self, length: int) -> bytes:
        return self.random.randbytes(length)


async def _exchange(fake: RunningFake, payload: bytes) -> bytes:
    """What comes back until the connection ends."""
    where = urllib.parse.urlsplit(fake.url)
    got = b""
    try:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            writer.write(payload)
            got = await asyncio.wait_for(reader.read(), 1.5)
        finally:
            writer.transport.abort()
    except (OSError, TimeoutError):
        pass
    return got


class Loiterers:
    """Connections that are held open and say nothing, half of something, or little by little."""

    def __init__(self, fake: RunningFake, idle: int) -> None:
        where = urllib.parse.urlsplit(fake.url)
        self._where = where.hostname, where.port
        self._idle = idle
        self.open: list[asyncio.StreamWriter] = []

    async def gather(self) -> None:
        """Open them all."""
        head = b"GET /v1/customers HTTP/1.1\r\nHost: localhost\r\nX-Sl"
        form = b"POST /t/oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + FORM + b"\r\n"
        announced = (b"Content-Length: 500\r\n\r\ngrant", b"Transfer-Encoding: chunked\r\n\r\n5\r\ngrant")
        await self._open(self._idle, b"")
        await self._open(HALF_HEADS, head)
        for each in announced:
            await self._open(HALF_BODIES // 2, form + each)
        await self._open(SLOW, head)

    async def trickle(self) -> None:
        """The slow ones: a byte each now and then, for ever."""
        while True:
            await asyncio.sleep(0.5)
            for writer in self.open[-SLOW:]:
                if not writer.is_closing():
                    writer.write(b"x")

    async def _open(self, number: int, begun: bytes) -> None:
        for start in range(0, number, 200):
            opened = [asyncio.open_connection(*self._where) for _ in range(min(200, number - start))]
            for found in await asyncio.gather(*opened, return_exceptions=True):
                if isinstance(found, BaseException):
                    continue
                self.open.append(found[1])
                found[1].write(begun)

    def leave(self) -> None:
        """Close them all."""
        for writer in self.open:
            writer.transport.abort()


@dataclass
class Watch:
    """An ordinary client's requests meanwhile."""

    fake: RunningFake
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"answers": [], "tokens": []})
    failed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """One after the other, and a token now and then."""
        while True:
            for name, ask in (("answers", self._usage), ("tokens", self._token)):
                began = time.monotonic()
                try:
                    await asyncio.to_thread(ask)
                except OSError as error:
                    self.failed.append(f"{name}: {error}")
                self.seconds[name].append(time.monotonic() - began)
            await asyncio.sleep(0.2)

    def _usage(self) -> None:
        _get(self.fake, "/v1/analytics/licenses/usage")

    def _token(self) -> None:
        form = b"grant_type=client_credentials&client_id=a&client_secret=b&resource=c"
        urllib.request.urlopen(f"{self.fake.url}/t/oauth2/token", form, timeout=20).close()


def _get(fake: RunningFake, path: str) -> tuple[dict[str, str], bytes]:
    request = urllib.request.Request(fake.url + path, headers={"Authorization": f"Bearer {fake.token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        changing = ("date", "ms-requestid", "ms-correlationid", "ms-cv")
        return {n.lower(): v for n, v in answer.getheaders() if n.lower() not in changing}, answer.read()


def _answers(fake: RunningFake) -> Any:
    customers = [each["id"] for each in json.loads(_get(fake, "/v1/customers")[1])["items"]]
    paths = ["/v1/customers", "/openapi.json"]
    for owner in ("/v1", *(f"/v1/customers/{each}" for each in customers)):
        paths += [f"{owner}/analytics/licenses/{kind}" for kind in ("deployment", "usage")]
    return {path: _get(fake, path) for path in paths}, customers[0]


def _megabytes(pid: int) -> float:
    """Memory of a process and its children, what they share counted once (the kernel's Pss)."""
    own = re.search(r"Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(own[1]) / 1024 + sum(_megabytes(int(each)) for each in children) if own else 0.0


async def _besiege(attack: Attack, options: argparse.Namespace) -> tuple[Watch, float]:
    fake = attack.fake
    loiterers, watch = Loiterers(fake, options.idle), Watch(fake)
    await loiterers.gather()
    held = f"{len(loiterers.open)} connections idle, half-open or slow"
    print(f"{held}; {_megabytes(fake.pid):.0f} MB", flush=True)
    meanwhile = [asyncio.create_task(each) for each in (loiterers.trickle(), watch.run())]
    await attack.run(options.requests)
    for task in meanwhile:
        task.cancel()
    loiterers.leave()
    return watch, _megabytes(fake.pid)


async def _delayed(fake: RunningFake, number: int) -> float:
    """Have so many responses delayed at once; the p99 of an ordinary client's seconds meanwhile."""
    where = urllib.parse.urlsplit(fake.url)
    fields = f"Host: localhost\r\nAuthorization: Bearer {fake.token}\r\n"
    target = "GET /v1/analytics/licenses/usage HTTP/1.1\r\n"
    writers = []
    for start in range(0, number, 200):
        opened = [
            asyncio.open_connection(where.hostname, where.port) for _ in range(min(200, number - start))
        ]
        for _, writer in await asyncio.gather(*opened):
            writer.write(f"{target}{fields}Prefer: fault=delay; seconds=600\r\n\r\n".encode())
            writers.append(writer)
    await asyncio.sleep(10)  # until all of them have been taken in
    connection = http.client.HTTPConnection(where.netloc, timeout=20)
    seconds = []
    for _ in range(1000):
        began = time.perf_counter()
        connection.request(
            "GET", "/v1/analytics/licenses/usage", headers={"Authorization": f"Bearer {fake.token}"}
        )
        connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    connection.close()
    for writer in writers:
        writer.transport.abort()
    return sorted(seconds)[990]


def main() -> int:
    """0 where every check held."""
    parser = argparse.ArgumentParser(description="Hostile traffic at a running fake.")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--delayed", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with running_fake() as fake:
        before, customer = _answers(fake)
        for _ in range(2100):  # as many as the journal keeps
            _get(fake, "/v1/analytics/licenses/usage")
        small = _megabytes(fake.pid)
        began = time.monotonic()
        attack = Attack(fake, customer, random.Random(options.seed))
        watch, large = asyncio.run(_besiege(attack, options))
        took = time.monotonic() - began
        time.sleep(SETTLING)
        after, _ = _answers(fake)
        settled = _megabytes(fake.pid)
        p99 = asyncio.run(_delayed(fake, options.delayed))
        failures = Counter({s: n for s, n in attack.statuses.items() if s >= 500 and s != NOT_IMPLEMENTED})
        crashes = re.findall(r"(?s)Traceback.*?\n(?=\S)[^\n]*", fake.output)
    slowest = {name: max(seconds, default=0.0) for name, seconds in watch.seconds.items()}
    ordinary = {
        name: f"{len(seconds)}, slowest {slowest[name]:.2f} s" for name, seconds in watch.seconds.items()
    }
    statuses = " ".join(f"{status}×{number}" for status, number in sorted(attack.statuses.items()))
    grown = f"{small:.0f} MB, {large:.0f} at the end, {settled:.0f} settled"
    checks = [
        ("requests sent", f"{attack.sent:,} in {took:.0f} s", attack.sent == options.requests),
        ("answers, by status", statuses, bool(statuses)),
        ("failures", f"{dict(failures)}; asked for {dict(attack.asked)}", failures <= attack.asked),
        ("answers that tell secrets", dict(attack.told) or "none", not attack.told),
        ("tracebacks in the log", "\n".join(crashes[-1:]) or "none", not crashes),
        ("ordinary requests meanwhile", ordinary["answers"], slowest["answers"] < MAX_SECONDS),
        ("tokens meanwhile", ordinary["tokens"], slowest["tokens"] < MAX_SECONDS),
        ("of them failed", watch.failed[:3] or "none", not watch.failed),
        ("the same answers as before", f"{len(before)} compared", before == after),
        ("memory", grown, settled < MAX_MEMORY and settled - small < MAX_GROWTH),
        (f"p99 beside {options.delayed:,} delayed", f"{p99 * 1000:.1f} ms", p99 < MAX_P99),
    ]  # fmt: skip
    for name, seen, held in checks:
        print(f"{'ok  ' if held else 'FAIL'}  {name:28} {seen}")
    return 0 if all(held for *_, held in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
