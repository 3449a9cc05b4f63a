"""Faults on the wire, over real sockets: the client meets exactly the one that was asked for."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from partner_insights.server.faults.connection_faults import CONNECTION_FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from conftest import Ask, Reply
    from partner_insights.child_server import RunningFake

USAGE = "/v1/analytics/licenses/usage"


@pytest.fixture
def wire(fake: RunningFake) -> Callable[..., Iterator[bytes]]:
    """What comes over the socket, piece by piece, until it ends or fails."""

    def wire(prefer: str, method: str = "GET", path: str = USAGE) -> Iterator[bytes]:
        where = urlsplit(fake.url)
        with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
            lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Prefer: {prefer}"]
            lines.append(f"Authorization: Bearer {fake.token}")
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            while piece := connection.recv(65536):
                yield piece

    return wire


@pytest.fixture
def whole(ask: Ask) -> Reply:
    return ask(USAGE)


def parted(raw: bytes) -> tuple[bytes, int, bytes]:
    """Status line, announced length, body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    (length,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return head.split(b"\r\n")[0], int(length.split(b":")[1]), body


def test_close(wire: Callable[..., Iterator[bytes]]) -> None:
    """The connection ends in good order before a single byte."""
    assert b"".join(wire("fault=close")) == b""


def test_timeout(wire: Callable[..., Iterator[bytes]]) -> None:
    """The connection ends without a byte, and not before its time."""
    began = time.monotonic()
    assert b"".join(wire("fault=timeout; seconds=0.4")) == b""
    assert time.monotonic() - began >= 0.4


def test_truncate(wire: Callable[..., Iterator[bytes]], whole: Reply) -> None:
    """Half the body comes under the length of the whole, then the connection ends."""
    status, length, body = parted(b"".join(wire("fault=truncate")))
    assert status == b"HTTP/1.1 200 OK"
    assert length == len(whole.body)
    assert body == whole.body[: length // 2]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the connection just ends")
@pytest.mark.parametrize("others", [0, 20])
def test_reset(
    wire: Callable[..., Iterator[bytes]], whole: Reply, ask: Ask, fake: RunningFake, others: int
) -> None:
    """The connection is reset in the middle of the body, and no other one of the same client is."""
    where = urlsplit(fake.url)
    idle = [http.client.HTTPConnection(where.netloc, timeout=5) for _ in range(others)]
    headers = {"Authorization": f"Bearer {fake.token}"}
    for connection in idle:
        connection.request("GET", USAGE, headers=headers)
        connection.getresponse().read()
    pieces = []
    with pytest.raises(ConnectionResetError):
        pieces.extend(wire("fault=reset"))  # what came before the reset is lost with it
    for connection in idle:
        connection.request("GET", USAGE, headers=headers)
        assert connection.getresponse().read() == whole.body
        connection.close()


def test_stall(wire: Callable[..., Iterator[bytes]], whole: Reply) -> None:
    """Half the body comes at once, the other half after the time; together they are the answer."""
    began = time.monotonic()
    arrived = []
    for piece in wire("fault=stall; seconds=0.5"):
        arrived.append((time.monotonic() - began, piece))
        if sum(len(piece) for _, piece in arrived) > len(whole.body) and arrived[-1][0] >= 0.5:
            break
    early = b"".join(piece for when, piece in arrived if when < 0.4)
    _, length, body = parted(b"".join(piece for _, piece in arrived))
    assert (length, body) == (len(whole.body), whole.body)
    assert early.endswith(whole.body[: length // 2])


def test_delay(ask: Ask, whole: Reply) -> None:
    """The answer comes whole, and late."""
    began = time.monotonic()
    reply = ask(USAGE, headers={"Prefer": "fault=delay;seconds=0.3"})
    assert time.monotonic() - began >= 0.3
    assert (reply.body, reply.headers["preference-applied"]) == (whole.body, "fault=delay")


def test_what_the_body_is_not(ask: Ask, whole: Reply) -> None:
    """Broken JSON, a page, another type, nothing, a byte order mark: 200 or 502, and its length is right."""
    replies = {
        name: ask(USAGE, headers={"Prefer": f"fault={name}"})
        for name in ("malformed-json", "html-error-page", "wrong-content-type", "empty-body", "bom")
    }
    assert all(int(reply.headers["content-length"]) == len(reply.body) for reply in replies.values())
    assert all(reply.headers["preference-applied"] == f"fault={name}" for name, reply in replies.items())
    with pytest.raises(json.JSONDecodeError):
        json.loads(replies["malformed-json"].body)
    assert replies["html-error-page"].status == 502
    assert replies["html-error-page"].body.startswith(b"<!DOCTYPE html>")
    assert replies["wrong-content-type"].headers["content-type"].startswith("text/html")
    assert replies["wrong-content-type"].body == whole.body
    assert (replies["empty-body"].status, replies["empty-body"].body) == (200, b"")
    assert replies["bom"].body == b"\xef\xbb\xbf" + whole.body


LINKS = {
    "links-with-version": "/v1",
    "links-with-host": "URL/v1",
    "links-without-slash": None,
}


@pytest.mark.parametrize("name", LINKS)
def test_links_in_another_form(ask: Ask, fake: RunningFake, name: str) -> None:
    """Every link of a page and its rows is written so, and nothing else is changed."""
    plain = ask("/v1/customers?size=2").body.decode()
    reply = ask("/v1/customers?size=2", headers={"Prefer": f"fault={name}"})
    begins = LINKS[name]
    written = "" if begins is None else begins.replace("URL", fake.url) + "/"
    assert reply.body.decode() == plain.replace('"uri":"/', f'"uri":"{written}')
    assert reply.body.decode().count(f'"uri":"{written}customers') == 4
    assert ask(USAGE, headers={"Prefer": f"fault={name}"}).body == ask(USAGE).body


def test_the_links_of_no_json_are_left_alone(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A body with a byte order mark keeps it; an error has no links."""
    headers = {**app_user, "Prefer": "fault=links-with-version"}
    client.post("/_admin/scenario", json={"scenario": "bom"})
    assert client.get("/v1/customers", headers=headers).data.startswith(b"\xef\xbb\xbf{")
    assert client.get("/v1/nowhere", headers=headers).status_code == 404


@pytest.mark.parametrize("name", sorted(CONNECTION_FAULTS))
def test_head_has_no_body(wire: Callable[..., Iterator[bytes]], name: str) -> None:
    """No fault puts a body behind the head that HEAD asks for."""
    received = b""
    for piece in wire(f"fault={name};seconds=0.1", "HEAD"):
        received += piece
        if received.endswith(b"\r\n\r\n"):
            break
    assert received.partition(b"\r\n\r\n")[2] == b""
    assert received.startswith(b"HTTP/1.1 ") is CONNECTION_FAULTS[name].answers


def test_a_squeezed_answer_keeps_its_bom(ask: Ask) -> None:
    """A client that takes gzip meets the same fault."""
    reply = ask("/v1/customers", headers={"Prefer": "fault=bom", "Accept-Encoding": "gzip"})
    body = gzip.decompress(reply.body) if "content-encoding" in reply.headers else reply.body
    assert body.startswith(b"\xef\xbb\xbf{")


PREFERENCES = [
    ("code=404", 404, "code=404"),
    ("respond-async, code=503", 503, "code=503"),
    ("wait=5,\tCODE = 500 ;x", 500, "code=500"),
    ('code="429"; retryAfter=3', 429, "code=429"),
    ("code=200", 200, "code=200"),
    ("code=404, code=500", 404, "code=404"),
    ("code=302", 200, None),
    ("code=" + "9" * 50, 200, None),
    ("code=429;retryAfter=-1", 200, None),
    ("fault=nothing", 200, None),
    ("fault=links-with-host", 200, None),
    ("fault=CustomerLicensesUsageInsights.licensesActive:minimum", 200, None),
    ("fault", 200, None),
    ('"', 200, None),
    (";;=,,", 200, None),
]


@pytest.mark.parametrize(("header", "status", "applied"), PREFERENCES)
def test_a_preference_asks_for_a_status(
    client: FlaskClient, app_user: dict[str, str], header: str, status: int, applied: str | None
) -> None:
    """`Prefer: code=…` is answered so, and the answer says it was; what makes no sense is passed over."""
    reply = client.get(USAGE, headers={**app_user, "Prefer": header})
    assert (reply.status_code, reply.headers.get("Preference-Applied")) == (status, applied)
    if status == 429:
        assert reply.headers["Retry-After"] == "3"


def test_what_a_request_prefers_comes_before_its_plan(client: FlaskClient, app_user: dict[str, str]) -> None:
    """A preference leaves the plan as it is."""
    body: dict[str, Any] = {"faults": [{"operation": "*", "code": 503}]}
    identifier = client.post("/_admin/faults", json=body).get_json()["id"]
    headers = {**app_user, "X-Fault-Plan": identifier}
    assert client.get(USAGE, headers={**headers, "Prefer": "code=404"}).status_code == 404
    assert client.get(f"/_admin/faults/{identifier}").get_json()["consumed"] == 0
    assert client.get(USAGE, headers=headers).status_code == 503
