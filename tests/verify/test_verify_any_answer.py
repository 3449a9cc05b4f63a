"""A service that puts any JSON in any place: the suite ends with findings, and never with a crash."""

from __future__ import annotations

import json
import random
import zlib
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.contract import Catalogue
from partner_insights.server import AuthMode, Settings, create_app
from partner_insights.verify.options import SuiteOptions
from partner_insights.verify.run.suite import run_tests
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

ODD = [None, True, 0, -1, 0.5, 10**30, 1e308, "", "x", "\x1b[31m", "2026-13-40", [], {}, [[]], [None]]
HOP_BY_HOP = {"connection", "date", "server"}


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in inner for place in places_in(member, (*path, key)))]


def spoilt(content: bytes, chance: random.Random) -> bytes:
    """The body with an odd value in one place, most often near its top."""
    try:
        body = json.loads(content.decode("utf-8-sig"))
    except ValueError:
        return content
    places = sorted(places_in(body), key=len)
    place = places[int(len(places) * chance.random() ** 5)]
    value = chance.choice(ODD)
    if not place:
        return json.dumps(value).encode()
    holder = body
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return json.dumps(body).encode()


@pytest.fixture(scope="module")
def app() -> Any:
    catalogue = Catalogue.load()
    return create_app(
        World(catalogue, seed=1, customers=5, as_of=date(2026, 11, 1)), catalogue, Settings(auth=AuthMode.ANY)
    )


@pytest.fixture
def odd_service(app: Any, serving: Any) -> Callable[[int, float], str]:
    """Starts a service that spoils so large a part of a fake's answers; returns its URL."""

    def start(seed: int, share: float) -> str:
        def handle(handler: BaseHTTPRequestHandler) -> None:
            headers = list(handler.headers.items())
            answer = app.test_client().open(handler.path, method=handler.command, headers=headers)
            content, known = answer.data, f"{seed} {handler.command} {handler.path}"
            chance = random.Random(zlib.crc32(known.encode()))
            if chance.random() < share and handler.command == "GET":
                content = spoilt(content, chance)
            handler.send_response(answer.status_code)
            for name, value in answer.headers:
                if name.lower() not in HOP_BY_HOP | {"content-length"}:
                    handler.send_header(name, value)
            length = len(content) if handler.command == "GET" else answer.headers.get("Content-Length", "0")
            handler.send_header("Content-Length", str(length))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(content)

        return str(serving(handle))

    return start


@pytest.mark.parametrize(("seed", "share"), [(13, 1.0), (14, 0.3)])
def test_no_test_crashes(odd_service: Any, target_at: Any, seed: int, share: float) -> None:
    """Whatever JSON stands in whatever place, each test holds, finds something, or says why not."""
    run = run_tests(target_at(odd_service(seed, share), seed=seed), SuiteOptions(seed=seed))
    assert [(test.name, test.message) for test in run.crashes] == []
    assert run.results.violations
