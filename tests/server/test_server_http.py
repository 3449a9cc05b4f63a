"""HTTP/1.1 over raw sockets: what RFC 9112 says of connections, targets and fields holds in every lane."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import SimpleNamespace

USAGE = "/v1/analytics/licenses/usage"
FORM = b"grant_type=client_credentials&client_id=a&client_secret=b&resource=c"
ID = "11111111-2222-3333-4444-555555555555"
IDS = re.compile(rb"(?im)^(ms-requestid|ms-correlationid|ms-cv|date): [^\r]*\r\n")


@pytest.fixture(scope="module")
def secure(patched_fake: Callable[..., Any]) -> Iterator[SimpleNamespace]:
    """A fake over TLS; how long it lets a refused client send on is told by nothing here."""
    pytest.importorskip("trustme")
    constants = "connection._LINGER_SECONDS = 0; connections._SWEEP_SECONDS = 0.05"
    with patched_fake(constants, "--seed", "7", "--customers", "23", "--tls-self-signed") as fake:
        yield fake


@pytest.fixture(params=["http", "https"])
def talk(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    """All that comes back over one connection, until the server ends it; the last request says close."""
    fake = request.getfixturevalue("fake" if request.param == "http" else "secure")
    where = urlsplit(fake.url)

    def talk(sent: bytes) -> bytes:
        with socket.create_connection((where.hostname, where.port), timeout=10) as raw:
            connection: socket.socket = raw
            if request.param == "https":
                context = ssl.create_default_context(cafile=fake.caFile)
                connection = context.wrap_socket(raw, server_hostname="127.0.0.1")
            connection.sendall(sent.replace(b"TOKEN", fake.token.encode()))
            received = b""
            while piece := connection.recv(65536):
                received += piece
            return received

    return talk


def request(target: str = USAGE, *fields: str, method: str = "GET", last: bool = True) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Authorization: Bearer TOKEN", *fields]
    if not any(field.lower().startswith("host:") for field in fields):
        lines.append("Host: localhost")
    if last:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode()


def responses(received: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Status, fields and body of each, by their lengths."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        status = int(first.split()[1])
        length = 0 if status == 100 else int(fields["content-length"])
        found.append((status, fields, received[:length]))
        received = received[length:]
    return found


def test_requests_in_one_go_are_answered_in_their_order(talk: Callable[[bytes], bytes]) -> None:
    """Pipelined: known and new, delayed and refused ones do not overtake each other."""
    targets = ["/v1/customers?size=2", USAGE, "/v1/nowhere", USAGE, "/v1/customers?size=1"]
    delayed = request(USAGE, "Prefer: fault=delay; seconds=0.2", last=False)
    sent = b"".join(request(each, last=False) for each in targets) + delayed + request("/v1/customers?size=3")
    got = responses(talk(sent))
    assert [status for status, *_ in got] == [200, 200, 404, 200, 200, 200, 200]
    assert [len(json.loads(got[place][2])["items"]) for place in (0, 4, 6)] == [2, 1, 3]
    assert got[1][2] == got[3][2] == got[5][2]


def test_head_says_what_get_would(talk: Callable[[bytes], bytes]) -> None:
    """The same fields, Content-Length among them, and no body: the first time, again, and compressed."""
    for fields in ((), ("Accept-Encoding: gzip",)):
        whole = responses(talk(request("/v1/customers", *fields)))[0]
        for _ in range(2):
            head, _, rest = talk(request("/v1/customers", *fields, method="HEAD")).partition(b"\r\n\r\n")
            assert rest == b""
            assert f"content-length: {len(whole[2])}".encode() in head.lower()


def test_compression_is_for_those_who_ask(talk: Callable[[bytes], bytes]) -> None:
    """gzip on request, in both lanes the same bytes, and the body is the plain one."""
    plain = responses(talk(request("/v1/customers")))[0]
    first, again = (responses(talk(request("/v1/customers", "Accept-Encoding: gzip")))[0] for _ in range(2))
    assert first[1]["content-encoding"] == again[1]["content-encoding"] == "gzip"
    assert gzip.decompress(first[2]) == gzip.decompress(again[2]) == plain[2]
    assert first[2] == again[2]


def test_a_field_that_comes_twice_is_one_with_both_values(talk: Callable[[bytes], bytes]) -> None:
    """RFC 9110, 5.3: two Accept lines are one list, two Authorizations no bearer token, in every lane."""
    assert responses(talk(request()))[0][0] == 200
    refused = ("Accept: text/html", "Accept: image/png")
    assert responses(talk(request(USAGE, *refused)))[0][0] == 406
    assert responses(talk(request(USAGE, "Accept: text/html", "Accept: application/json")))[0][0] == 200
    assert responses(talk(request(USAGE, "Authorization: Bearer TOKEN")))[0][0] == 401


@pytest.mark.parametrize("target", [USAGE, f"http://localhost{USAGE}", "/", "/_admin/health"])
def test_a_request_names_its_host_once(talk: Callable[[bytes], bytes], target: str) -> None:
    """RFC 9112, 3.2: without Host, with two or with one that is none it is 400; HTTP/1.0 needs none."""
    one = request(target)
    without = one.replace(b"Host: localhost\r\n", b"")
    for sent in (
        without,
        one.replace(b"Host: localhost", b"Host: localhost\r\nHost: localhost"),
        one.replace(b"Host: localhost", b"Host: "),
        one.replace(b"Host: localhost", b"Host: a b"),
    ):
        assert [status for status, *_ in responses(talk(sent))] == [400]
    for sent in (one, without.replace(b"HTTP/1.1", b"HTTP/1.0")):
        assert [status for status, *_ in responses(talk(sent))] == [200]


def test_the_target_in_absolute_form(talk: Callable[[bytes], bytes]) -> None:
    """RFC 9112, 3.2.2: it is served as its path, and its authority stands for Host."""
    plain = IDS.sub(b"", talk(request()))
    assert IDS.sub(b"", talk(request(f"http://sts.windows.net{USAGE}"))) == plain
    target = "http://other.localhost:81/contoso/.well-known/openid-configuration"
    body = json.loads(responses(talk(request(target)))[0][2])
    assert urlsplit(body["token_endpoint"]).netloc == "other.localhost:81"


@pytest.mark.parametrize("announced", [f"Content-Length: {len(FORM)}", "Transfer-Encoding: chunked"])
def test_a_client_that_expects_to_go_on_is_told_to(talk: Callable[[bytes], bytes], announced: str) -> None:
    """RFC 9110, 10.1.1: 100 before a body that is read, and no 100 where it is refused."""
    fields = ("Content-Type: application/x-www-form-urlencoded", "Expect: 100-continue")
    chunked = f"{len(FORM):x}\r\n".encode() + FORM + b"\r\n0\r\n\r\n"
    head = request("/t/oauth2/token", *fields, announced, method="POST")
    got = responses(talk(head + (FORM if "Length" in announced else chunked)))
    assert [status for status, *_ in got] == [100, 200]
    head = request("/t/oauth2/token", *fields, "Content-Length: 9000000", method="POST")
    assert [status for status, *_ in responses(talk(head))] == [413]


@pytest.mark.parametrize("digits", [8, 11, 19, 20, 5000])
def test_a_length_beyond_all_bounds_is_refused(talk: Callable[[bytes], bytes], digits: int) -> None:
    """Whatever it says, it is no number to reckon with: 413, or 400 where no server could count so far."""
    head = request("/t/oauth2/token", f"Content-Length: {'9' * digits}", method="POST")
    (answer,) = responses(talk(head))
    assert answer[0] in ((413,) if digits < 20 else (400, 413))


def test_a_connection_goes_on_after_a_body(talk: Callable[[bytes], bytes]) -> None:
    """A body that nobody wants is read to its end, and the next request is answered."""
    body = request("/v1/customers?size=1", "Content-Length: 5", last=False) + b"12345"
    got = responses(talk(body * 3 + request("/v1/customers?size=2")))
    assert [len(json.loads(each[2])["items"]) for each in got] == [1, 1, 1, 2]


def test_ids_are_echoed_in_either_case_and_lane(talk: Callable[[bytes], bytes]) -> None:
    """MS-RequestId comes back as it was sent, however often, and however the field is spelled."""
    for name in ("MS-RequestId", "ms-requestid", "MS-REQUESTID"):
        for number in range(3):
            sent = f"{ID[:-1]}{number}"
            assert responses(talk(request(USAGE, f"{name}: {sent}")))[0][1]["ms-requestid"] == sent


def test_a_method_that_nobody_knows_is_refused(talk: Callable[[bytes], bytes]) -> None:
    """RFC 9110, 9.1: 501, after what came before it, and the connection ends."""
    got = responses(talk(request(last=False) + request(method="BREW", last=False) + request()))
    assert [status for status, *_ in got] == [200, 501]


@pytest.mark.parametrize(("code", "reason"), [(503, b"Service Unavailable"), (599, b"Unknown")])
def test_a_status_line_has_a_reason(talk: Callable[[bytes], bytes], code: int, reason: bytes) -> None:
    """Of a failure that no RFC knows, too."""
    assert talk(request(USAGE, f"Prefer: code={code}")).startswith(b"HTTP/1.1 %d %b\r\n" % (code, reason))


@pytest.mark.parametrize("line", ["GET / HTTP/2.0", "GET / HTTP/0.9", "GET /"])
def test_another_version_is_refused(talk: Callable[[bytes], bytes], line: str) -> None:
    """RFC 9110, 15.6.6: 505, after what came before it, and the connection ends."""
    other = f"{line}\r\nHost: localhost\r\n\r\n" if " HTTP" in line else f"{line}\r\n\r\n"
    got = responses(talk(request(last=False) + other.encode() + request()))
    assert [status for status, *_ in got] == [200, 505]


def test_bytes_that_are_no_header_are_refused(talk: Callable[[bytes], bytes]) -> None:
    """Two lengths that differ, a fold, a space before the colon: 400, and the connection ends."""
    for field in ("Content-Length: 3\r\nContent-Length: 4", "X: a\r\n b", "X : a", "Transfer-Encoding: gzip"):
        assert responses(talk(request(USAGE, field)))[0][0] == 400
