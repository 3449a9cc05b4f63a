"""A list of attacks, each tried at a server, a reader or a command of its own → a table of what held.

    python benchmarks/attacks.py [--only AREA]

Each row is an attack that worked once, or that others fell to: requests no client sends, other sites' pages,
forged tokens, guesses, servers that never end their answer, files made to cost time or memory, and processes
killed or raced. Ends by itself, in some two minutes; 1 where one did not hold.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import http.client
import json
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from partner_insights import http_reader
from partner_insights.child_server import RunningFake, running_fake
from partner_insights.record.upstream import Upstream, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USAGE: Final = "/v1/analytics/licenses/usage"
TOKEN: Final = "/contoso.example/oauth2/v2.0/token"
ADMIN_TOKEN: Final = "an admin token of this run"
COMMAND: Final = [sys.executable, "-m", "partner_insights"]
INSIDE: Final = re.compile(rb"Traceback \(most|site-packages|root:x:0|\.py\", line")
"""What no answer and no message may have in it."""
ROW: Final = '{"attributes":{"objectType":"CustomerLicensesUsageInsights"}'
MB: Final = 2**20


class Held(AssertionError):
    """Raised where an attack did not hold, with what happened."""


@dataclass(frozen=True)
class Attack:
    """One row: `run` returns what was seen, and raises `Held` where that should not be."""

    area: str
    name: str
    run: Callable[[], object]


# ── Requests at a fake ─────────────────────────────────────────────────────────────────────────────────────


def sent(fake: RunningFake, request: bytes) -> bytes:
    """What comes back for these bytes, until the connection ends or is silent."""
    address = urlsplit(fake.url)
    answer = b""
    where = (address.hostname or "", address.port or 0)
    with socket.create_connection(where, timeout=15) as connection, suppress(ConnectionError, TimeoutError):
        connection.sendall(request)
        while piece := connection.recv(65536):
            answer += piece
    return answer


def expect(fake: RunningFake, request: bytes, *statuses: int) -> str:
    """The first status, one of these; 0: it ends without one. The fake goes on, and tells nothing."""
    answer = sent(fake, request)
    status = int(match[1]) if (match := re.match(rb"HTTP/1\.[01] (\d{3})", answer)) else 0
    if status not in statuses:
        raise Held(f"{status or 'no answer'} instead of {' or '.join(map(str, statuses))}")
    if found := INSIDE.search(answer):
        raise Held(f"the answer tells of the inside: {found[0]!r}")
    if not sent(fake, line("GET", "/_admin/health", "Connection: close")).startswith(b"HTTP/1.1 "):
        raise Held("the fake does not answer any more")
    return str(status or "closed")


def line(method: str, path: str, *fields: str, body: bytes = b"", host: str = "localhost") -> bytes:
    """A request."""
    head = "\r\n".join((f"{method} {path} HTTP/1.1", f"Host: {host}", *fields))
    return head.encode("latin-1") + b"\r\n\r\n" + body


def form(fields: dict[str, str] | list[tuple[str, str]], *more: str) -> bytes:
    """A form at the token endpoint."""
    body = urlencode(fields).encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    return line("POST", TOKEN, kind, f"Content-Length: {len(body)}", "Connection: close", *more, body=body)


CLOSE: Final = "Connection: close"
JSON_BODY: Final = "Content-Type: application/json"
WIRE: Final[dict[str, tuple[bytes, tuple[int, ...]]]] = {
    "two lengths": (line("POST", TOKEN, "Content-Length: 5", "Content-Length: 6", body=b"abcdef"), (400,)),
    "length and chunks": (
        line(
            "POST",
            TOKEN,
            "Content-Length: 4",
            "Transfer-Encoding: chunked",
            CLOSE,
            body=b"0\r\n\r\nGET / HTTP/1.1",
        ),
        (0, 400, 401),
    ),
    "a coding nobody knows": (line("POST", TOKEN, "Transfer-Encoding: xchunked", CLOSE), (400, 501)),
    "a chunk of 2^64 bytes": (
        line("POST", TOKEN, "Transfer-Encoding: chunked", CLOSE, body=b"10000000000000000\r\nx"),
        (0, 400, 413),
    ),
    "a length of 5,000 digits": (line("POST", TOKEN, f"Content-Length: {'9' * 5000}", CLOSE), (400, 413)),
    "a length of 19 digits": (line("POST", TOKEN, f"Content-Length: {'9' * 19}", CLOSE), (413,)),
    "a length below zero": (line("POST", TOKEN, "Content-Length: -1", CLOSE), (400,)),
    "a folded header": (line("GET", USAGE, "X-A: 1", " 2", CLOSE), (400, 401)),
    "a space before the colon": (line("GET", USAGE, "Host : x", CLOSE), (400,)),
    "a NUL in a header": (line("GET", USAGE, "X-A: \0", CLOSE), (400,)),
    "a head of 200,000 bytes": (line("GET", USAGE, f"X-A: {'a' * 200_000}", CLOSE), (0, 431)),
    "1,000 headers": (line("GET", USAGE, *(f"X-{n}: 1" for n in range(1000)), CLOSE), (0, 401, 431)),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (0, 400, 404, 421, 505)),
    "TRACE": (line("TRACE", USAGE, CLOSE), (405,)),
    "CONNECT": (line("CONNECT", "evil.example:443", CLOSE), (400, 404, 405, 421)),
    "a path out of the console": (line("GET", "/_console/../../../../etc/passwd", CLOSE), (404,)),
    "the same, encoded": (line("GET", "/_console/%2e%2e/%2e%2e/%2e%2e/etc/passwd", CLOSE), (404,)),
    "the same, encoded twice": (line("GET", "/_console/%252e%252e%252fetc%252fpasswd", CLOSE), (404,)),
    "the same, with backslashes": (line("GET", "/_console/..%5c..%5cetc%5cpasswd", CLOSE), (404,)),
    "a NUL in the path": (line("GET", "/_console/console.js%00.css", CLOSE), (404,)),
    "a header by the path": (line("GET", "/v1/%0d%0aSet-Cookie:%20a=b", CLOSE), (404,)),
    "a header by the id": (line("GET", USAGE, "MS-RequestId: a%0d%0aX: y", CLOSE), (401,)),
    "a query of 60,000 bytes": (line("GET", f"/v1/customers?{'a=1&' * 15_000}", CLOSE), (401, 414, 431)),
    "JSON 100,000 levels deep": (
        line("POST", "/_admin/faults", JSON_BODY, "Content-Length: 100000", CLOSE, body=b"[" * 100_000),
        (400,),
    ),
    "a plan of 100,000 faults": (
        line(
            "POST",
            "/_admin/faults",
            JSON_BODY,
            CLOSE,
            "Content-Length: 500014",
            body=b'{"faults": [' + b",".join([b"null"] * 100_000) + b" ]}",
        ),
        (400,),
    ),
    "a gzip bomb as a body": (
        line(
            "POST",
            "/_admin/scenario",
            JSON_BODY,
            "Content-Encoding: gzip",
            CLOSE,
            f"Content-Length: {len(gzip.compress(bytes(64 * MB)))}",
            body=gzip.compress(bytes(64 * MB)),
        ),
        (400, 413, 415),
    ),
    "a form of 100,000 fields": (form([("a", "")] * 100_000), (400, 413)),
    "a field of 900,000 bytes": (form({"grant_type": "password", "username": "a" * 900_000}), (400,)),
}
"""Bytes at a fake, and the statuses they may get; 0: it hangs up."""

CROSS_SITE: Final = {
    "a fetch of another site": ("Origin: https://evil.example", "Sec-Fetch-Site: cross-site"),
    "an old browser's": ("Origin: https://evil.example",),
    "an image of another site": ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: image"),
    "a page of another port": ("Sec-Fetch-Site: same-site",),
    "a page in a sandbox": ("Origin: null",),
}
FOREIGN_HOSTS: Final = (
    "evil.example",
    "localhost.evil.example",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
)
NO_HOST: Final = ("x@localhost", "localhost\r\nHost: localhost", "localhost,evil.example", "")
PATHS: Final = (USAGE, TOKEN, "/", "/_admin/token", "/openapi.json")


def browser(fake: RunningFake) -> Iterator[Attack]:
    """What pages of other sites could do."""
    for name, fields in CROSS_SITE.items():
        for path in PATHS:
            request = line("GET", path, *fields, CLOSE)
            yield Attack("browser", f"{name}: {path}", lambda request=request: expect(fake, request, 403))
    for status, hosts in ((421, FOREIGN_HOSTS), (400, NO_HOST)):
        for host in hosts:
            for path in PATHS:
                request = line("GET", path, CLOSE, host=host)
                yield Attack(
                    "browser",
                    f"Host: {host!r}: {path}",
                    lambda request=request, status=status: expect(fake, request, status),
                )
    yield Attack("browser", "a planned fault, taken by a page", lambda: planned_fault_waits(fake))


def planned_fault_waits(fake: RunningFake) -> str:
    """A plan for all requests is not consumed, and the journal has no entry of a page."""
    plan = b'{"faults": [{"operation": "*", "code": 503}], "all": true}'
    expect(fake, line("POST", "/_admin/reset", CLOSE), 200)
    length = f"Content-Length: {len(plan)}"
    expect(fake, line("POST", "/_admin/faults", JSON_BODY, length, CLOSE, body=plan), 201)
    for fields in CROSS_SITE.values():
        expect(fake, line("GET", USAGE, *fields, CLOSE), 403)
    expect(fake, line("GET", USAGE, f"Authorization: Bearer {fake.token}", CLOSE), 503)
    entries = sent(fake, line("GET", "/_admin/journal", CLOSE)).count(b'"requestId"')
    if entries != 1:
        raise Held(f"{entries} entries in the journal")
    return "503 for the client"


def tokens(fake: RunningFake) -> Iterator[Attack]:
    """Tokens that were never given."""
    head, payload, signature = fake.token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    content = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changes = {
        "another issuer": {"iss": "https://sts.windows.net/another/"},
        "another tenant": {"tid": "00000000-0000-0000-0000-000000000000"},
        "another audience": {"aud": "https://graph.windows.net"},
        "a later end": {"exp": content["exp"] + 10**6},
    }
    forged = {
        "alg: none": f"{none}.{payload}.",
        "alg: none, with its signature": f"{none}.{payload}.{signature}",
        "a changed signature": f"{head}.{payload}.{signature[:-8]}AAAAAAAA",
        "no signature": f"{head}.{payload}.",
        "60,000 dots": "." * 60_000,
        "a header of 10,000 levels": base64.urlsafe_b64encode(b"[" * 10_000).decode()
        + f".{payload}.{signature}",
    }
    for name, change in changes.items():
        other = base64.urlsafe_b64encode(json.dumps(content | change).encode()).decode().rstrip("=")
        forged[name] = f"{head}.{other}.{signature}"
    for name, token in forged.items():
        request = line("GET", USAGE, f"Authorization: Bearer {token}", CLOSE)
        yield Attack("tokens", name, lambda request=request: expect(fake, request, 401))
    deep = base64.urlsafe_b64encode(b"[" * 2_000).decode().rstrip("=")
    asked = line("GET", USAGE, f"Authorization: Bearer a.{deep}.b", CLOSE)

    def journal() -> str:
        expect(fake, asked, 401)
        return expect(fake, line("GET", "/_admin/journal", CLOSE), 200)

    yield Attack("tokens", "claims of 2,000 levels, then the journal", journal)
    away = "/contoso.example/oauth2/v2.0/authorize?" + urlencode(
        {
            "client_id": "a",
            "response_type": "code",
            "redirect_uri": "https://evil.example/",
            "state": "<script>",
        }
    )
    yield Attack("tokens", "a code sent elsewhere", lambda: expect(fake, line("GET", away, CLOSE), 400))


def guesses(outside: RunningFake) -> Iterator[Attack]:
    """The admin token of a fake that others reach."""

    def world(*fields: str) -> bytes:
        return line("GET", "/_admin/world", *fields, CLOSE)

    def guess() -> str:
        statuses = [sent(outside, world(f"X-Admin-Token: {n}"))[9:12] for n in range(50)]
        if b"200" in statuses or statuses.count(b"429") < 40:
            raise Held(f"{statuses.count(b'429')} of 50 guesses were held up")
        return f"{statuses.count(b'429')} of 50 held up"

    yield Attack("admin", "no token", lambda: expect(outside, world(), 403))
    yield Attack(
        "admin",
        "a token of the API",
        lambda: expect(outside, world(f"Authorization: Bearer {outside.token}"), 403),
    )
    yield Attack("admin", "fifty guesses", guess)


# ── Servers that do not end ────────────────────────────────────────────────────────────────────────────────


@contextmanager
def endless(begin: bytes, piece: bytes, pause: float) -> Iterator[str]:
    """A server that begins its answer, then goes on for ever; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(begin)
                        while True:
                            time.sleep(pause)
                            connection.sendall(piece)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ZIPPED: Final = gzip.compress(bytes(256 * MB), 9)
ENDLESS: Final = {
    "a byte at a time, of a length": (OK + b"Content-Length: 100000\r\n\r\n", b" ", 0.1),
    "a byte at a time, in chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.1),
    "a byte at a time, to the end": (OK + b"\r\n", b" ", 0.1),
    "a byte at a time, of a header": (OK + b"X-A: ", b"a", 0.1),
    "100 Continue for ever": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "headers without end": (OK, b"X-A: " + b"a" * 1000 + b"\r\n", 0.0),
    "a body without end": (OK + b"\r\n", b" " * 65536, 0.0),
    "a gzip bomb": (OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED), ZIPPED, 0.0),
    "silence": (b"", b"", 3600.0),
    "noise": (os.urandom(100_000), b"", 3600.0),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", b"a", 0.1),
    "103 Early Hints without end": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" * 1000, 0.0),
    "the extension of a chunk without end": (OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"a" * MB, 0.0),
    "trailers without end": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 1000, 0.0),
    "a gzip chain of 200": (OK + b"Content-Encoding: " + b"gzip," * 200 + b"gzip\r\n\r\n", ZIPPED, 3600.0),
}


def ends_in_time(begin: bytes, piece: bytes, pause: float) -> str:
    """`verify` and `record` read by the same reader: it gives up, with the time made short."""
    before = http_reader.ANSWER_SECONDS, http_reader.READ_SECONDS
    http_reader.ANSWER_SECONDS, http_reader.READ_SECONDS = 2.0, 1.0  # type: ignore[misc]
    began = time.monotonic()
    try:
        with endless(begin, piece, pause) as url:
            answer = Upstream(url).get("/v1/customers", ())
    except UpstreamError as error:
        seconds = time.monotonic() - began
        if seconds > 6:
            raise Held(f"given up after {seconds:.0f} s") from error
        return f"{error.status} after {seconds:.1f} s"
    finally:
        http_reader.ANSWER_SECONDS, http_reader.READ_SECONDS = before  # type: ignore[misc]
    raise Held(f"taken for an answer, {answer.status}")


# ── Files and commands ─────────────────────────────────────────────────────────────────────────────────────


def command(
    *arguments: object, seconds: float, codes: tuple[int, ...], words: str = "", **options: Any
) -> str:
    """Run it in a gigabyte; it ends in time, by one of these exit codes, without a traceback."""
    began = time.monotonic()
    try:
        ran = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            capture_output=True,
            timeout=seconds,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30)),
            **options,
        )
    except subprocess.TimeoutExpired as error:
        raise Held(f"not ended after {seconds:.0f} s") from error
    told = ran.stdout + ran.stderr
    if ran.returncode not in codes or INSIDE.search(told):
        raise Held(f"exit {ran.returncode}: {told[-200:].decode(errors='replace')}")
    if words.encode() not in told:
        raise Held(f"{words!r} is not said: {told[-200:].decode(errors='replace')}")
    return f"exit {ran.returncode} after {time.monotonic() - began:.1f} s"


def collection(items: Iterator[str] | list[str]) -> str:
    """A body of these items."""
    return f'{{"totalCount":1,"items":[{",".join(items)}]}}'


def archive(text: str, **content: str) -> str:
    """A browser's archive of one answer."""
    fields = [{"name": name, "value": value} for name, value in content.pop("headers", {"A": "b"}).items()]  # type: ignore[attr-defined]
    request = {"method": "GET", "url": f"https://api.partnercenter.microsoft.com{USAGE}", "headers": []}
    response = {"status": 200, "headers": fields, "content": {"text": text, **content}}
    return json.dumps({"log": {"entries": [{"request": request, "response": response}]}})


NEWER_ROW: Final = '{"customerName":"a"}'
EMPTY: Final = '{"Value":[],"TotalCount":0,"@nextLink":%s}'
FILES: Final[dict[str, tuple[str, Callable[[], str | bytes]]]] = {
    "0.5 MB of names nobody knows": (".json", lambda: collection(f'{ROW},"p{n}":1}}' for n in range(7_000))),
    "1 MB of the shortest rows": (".ndjson", lambda: f"{ROW}}}\n" * 17_000),
    "1 MB of one letter a line": (".ndjson", lambda: "x\n" * (MB // 2)),
    "1 MB of empty rows": (".json", lambda: collection(["{}"] * (MB // 3))),
    "1 MB of empty objects": (".json", lambda: f"[{','.join(['{}'] * (MB // 3))}]"),
    "1 MB of errors": (".ndjson", lambda: '{"code":1,"description":"x"}\n' * 36_000),
    "1 MB of empty pages": (".ndjson", lambda: f"{EMPTY % 'null'}\n" * 22_000 + "{}"),
    "60 MB of empty pages, all of them different": (
        ".ndjson",
        lambda: "\n".join(EMPTY % f'"{n:010}"' for n in range(MB)),
    ),
    "a million digits": (".json", lambda: collection([f'{ROW},"licensesActive":{"9" * MB}}}'])),
    "a million brackets": (".json", lambda: "[" * MB),
    "300 levels": (".ndjson", lambda: "[" * 300 + "]" * 300),
    "a key a million times": (".json", lambda: "{" + ",".join(['"a":1'] * (MB // 6)) + "}"),
    "noise": (".json", lambda: os.urandom(MB)),
    "noise in lines": (".ndjson", lambda: os.urandom(MB)),
    "an archive of brackets": (".har", lambda: '{"log":{"entries":' + "[" * MB),
    "a gzip bomb in an archive": (
        ".har",
        lambda: archive(
            base64.b64encode(ZIPPED).decode(),
            encoding="base64",
            headers={"Content-Encoding": "gzip"},  # type: ignore[arg-type]
        ),
    ),
    "60 MB of empty objects": (".json", lambda: f"[{','.join(['{}'] * (20 * MB))}]"),
    "60 MB of short rows": (".json", lambda: collection(['{"channel":"x","sold":1}'] * (60 * MB // 25))),
    "20 MB of newer rows": (".json", lambda: f'{{"Value":[{",".join([NEWER_ROW] * 900_000)}]}}'),
    "60 MB of empty entries": (".har", lambda: '{"log":{"entries":[' + ",".join(["{}"] * (20 * MB)) + "]}}"),
    "a line of 70 MB": (".ndjson", lambda: " " * (70 * MB) + "x"),
}
SECONDS: Final = 20.0
"""What `check` may take of each, on a machine that does other work …"""
SECONDS_OF_MANY: Final = 60.0
"""… and of more than 30 MB."""


def files(folder: Path) -> Iterator[Attack]:
    """Files made to cost time or memory, and names that are no files."""

    def checked(suffix: str, content: Callable[[], str | bytes]) -> str:
        path = folder / f"hostile{suffix}"
        made = content()
        path.write_bytes(made if isinstance(made, bytes) else made.encode())
        seconds = SECONDS_OF_MANY if path.stat().st_size > 30 * MB else SECONDS
        return command("check", path, seconds=seconds, codes=(1, 2))

    for name, (suffix, content) in FILES.items():
        yield Attack("check", name, lambda suffix=suffix, content=content: checked(suffix, content))
    yield Attack("check", "/dev/zero", lambda: command("check", "/dev/zero", seconds=60, codes=(2,)))
    fifo = folder / "fifo.json"
    os.mkfifo(fifo)
    yield Attack("check", "a pipe nobody writes to", lambda: command("check", fifo, seconds=60, codes=(2,)))


def commands(folder: Path, fake: RunningFake) -> Iterator[Attack]:
    """Links that lie in wait, second writers, killed processes."""
    write = ("fixtures", "write", "world", "--customers", "20000", "--parts", "20", "--format", "csv")

    def link() -> str:
        (folder / "kept").mkdir()
        (folder / ".trap.unfinished").symlink_to(folder / "kept")
        told = command(*write, "--out", folder / "trap", seconds=60, codes=(2,))
        if any((folder / "kept").iterdir()):
            raise Held("it was written through the link")
        return told

    def nothing() -> str:
        away = folder / "away"
        (folder / "dangling").symlink_to(away)
        told = command(*write, "--out", folder / "dangling", seconds=60, codes=(2,), words="symbolic link")
        if away.exists():
            raise Held("it was written where the link points")
        return told

    def query() -> str:
        ready, told = folder / "asked.json", folder / "asked.log"
        options = (
            "--url",
            fake.url,
            "--out",
            str(folder / "asked"),
            "--port",
            "0",
            "--ready-file",
            str(ready),
        )
        with (
            told.open("wb") as log,
            subprocess.Popen([*COMMAND, "record", *options], stdout=log, stderr=log) as run,
        ):
            while not ready.exists():
                time.sleep(0.05)
            proxy = urlsplit(json.loads(ready.read_bytes())["url"])
            connection = http.client.HTTPConnection(proxy.netloc, timeout=20)
            connection.request("GET", f"{USAGE}?access_token=a-secret&sig=a-secret")
            connection.getresponse().read()
            run.terminate()
        if b"a-secret" in told.read_bytes() or any(
            b"a-secret" in each for each in contents(folder / "asked").values()
        ):
            raise Held("it is told or stored")
        return "neither told nor stored"

    def killed() -> str:
        whole, cut = folder / "whole", folder / "cut"
        command(*write, "--out", whole, seconds=120, codes=(0,))
        for _ in range(3):
            with subprocess.Popen(
                [*COMMAND, *write, "--out", str(cut), "--resume"], stderr=subprocess.DEVNULL
            ) as run:
                time.sleep(1.2)
                run.kill()
        command(*write, "--out", cut, "--resume", seconds=120, codes=(0,))
        if contents(whole) != contents(cut):
            raise Held("other bytes than without the kills")
        return "the same bytes"

    def recorders() -> str:
        options = ("record", "--url", fake.url, "--out", str(folder / "recording"), "--port", "0")
        ready = folder / "recorder.json"
        with subprocess.Popen(
            [*COMMAND, *options, "--ready-file", str(ready)], stdout=subprocess.DEVNULL
        ) as first:
            while not ready.exists():
                time.sleep(0.05)
            try:
                return command(*options, seconds=30, codes=(2,), words="another process is writing it")
            finally:
                first.kill()

    def stale() -> str:
        ready = folder / "ready.json"
        serve = [*COMMAND, "serve", "-q", "--port", "0", "--ready-file", str(ready)]
        with subprocess.Popen(serve, stdout=subprocess.DEVNULL) as first:
            while not ready.exists():
                time.sleep(0.05)
            told = command(*serve[3:], seconds=30, codes=(2,), words="still answers")
            first.kill()
        time.sleep(2)
        if ready.exists():
            raise Held("the ready file outlives a killed fake")
        return told

    page = folder / "nothing.md"
    page.write_text("# Nothing\n")
    yield Attack("commands", "a link in the place of an unfinished world", link)
    yield Attack("commands", "a link to nothing as --out", nothing)
    yield Attack("commands", "a key in the query of a recorded request", query)
    yield Attack("commands", "three kills, then the rest", killed)
    yield Attack("commands", "two recorders, one folder", recorders)
    yield Attack("commands", "a ready file of a killed fake", stale)
    yield Attack(
        "commands",
        "derive --lenient of nothing",
        lambda: command("derive", page, "--lenient", seconds=30, codes=(2,)),
    )
    deep = folder / "deep.toml"
    deep.write_text("a = " + "[" * 10_000)
    for name, arguments in {
        "errata of 10,000 levels": ("check", page, "--errata", deep),
        "a dialect of 10,000 levels": ("derive", page, "--dialect", deep),
        "a catalogue of 10,000 levels": ("serve", "--port", "0", "--catalogue", deep),
        "an edition of 10,000 levels": ("diff", deep, deep),
    }.items():
        yield Attack("commands", name, lambda words=arguments: command(*words, seconds=30, codes=(2,)))
    endless_token = ("serve", "--admin-token-file", "/dev/zero")
    yield Attack(
        "commands", "an admin token without end", lambda: command(*endless_token, seconds=30, codes=(2,))
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {
        each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()
    }


SILENT: Final = 3_000
MOST_OPEN: Final = 1_200
"""Files of a worker with as many handshakes as it keeps, and its own."""


def unspoken_tls() -> str:
    """Connections to a port of TLS that say nothing; an ordinary client comes after them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        fake = stack.enter_context(running_fake("--port", "0", "--tls-self-signed"))
        where = (urlsplit(fake.url).hostname or "", urlsplit(fake.url).port or 0)
        for _ in range(SILENT):
            stack.enter_context(socket.create_connection(where, timeout=15))
        trusting = ssl.create_default_context(cafile=fake.ca_file)
        began = time.monotonic()
        with urlopen(Request(fake.url + USAGE, headers=fake.headers), timeout=15, context=trusting) as answer:
            status = answer.status
        taken = time.monotonic() - began
        workers = Path(f"/proc/{fake.pid}/task/{fake.pid}/children").read_text().split()
        files = max(len(list(Path(f"/proc/{worker}/fd").iterdir())) for worker in workers)
    if status != 200 or taken > 5 or files > MOST_OPEN:
        raise Held(f"{status} after {taken:.1f} s, {files:,} files are open")
    return f"{status} after {taken:.2f} s, {files:,} files open"


# ── The list ───────────────────────────────────────────────────────────────────────────────────────────────


def attacks(fake: RunningFake, outside: RunningFake, folder: Path) -> Iterator[Attack]:
    """All of them."""
    for name, (request, statuses) in WIRE.items():
        yield Attack(
            "wire", name, lambda request=request, statuses=statuses: expect(fake, request, *statuses)
        )
    yield from browser(fake)
    yield from tokens(fake)
    yield from guesses(outside)
    for name, answer in ENDLESS.items():
        yield Attack("servers", name, lambda answer=answer: ends_in_time(*answer))
    yield Attack("tls", f"{SILENT:,} connections without a handshake", unspoken_tls)
    yield from files(folder)
    yield from commands(folder, fake)


def main() -> int:
    """Try each, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", metavar="AREA", help="wire, browser, tokens, admin, servers, tls, check or commands"
    )
    only = parser.parse_args().only
    table = Table("area", "attack", "held", "what was seen")
    broken = 0
    with ExitStack() as stack:
        fake = stack.enter_context(running_fake())
        outside = stack.enter_context(running_fake("--host", "0.0.0.0", "--admin-token", ADMIN_TOKEN))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for attack in attacks(fake, outside, folder):
            if only not in (None, attack.area):
                continue
            try:
                seen, held = str(attack.run()), "yes"
            except (Held, OSError, http.client.HTTPException) as error:
                seen, held, broken = f"{type(error).__name__}: {error}", "NO", broken + 1
            print(f"{held:3} {attack.area}: {attack.name}: {seen}", file=sys.stderr, flush=True)
            table.add_row(attack.area, escape(attack.name), held, escape(seen))
    Console().print(table)
    print(f"{table.row_count} attacks, {broken} of them did not hold")
    return broken > 0


if __name__ == "__main__":
    raise SystemExit(main())
