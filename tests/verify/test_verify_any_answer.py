"""A service that puts any JSON in any place: the suite ends with findings, and never with a crash."""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import replace
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

    from partner_insights.verify import Response


ODD = [None, True, 0, -1, 0.5, 10**30, 1e308, "", "x", "\x1b[31m", "2026-13-40", [], {}, [[]], [None]]


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
def odd_service(app: Any, answered_by: Any) -> Callable[[int, float], None]:
    """Puts in place of any server one that spoils so large a part of a fake's answers, in this process."""

    def start(seed: int, share: float) -> None:
        def odd(method: str, path: str, answer: Response) -> Response:
            chance = random.Random(zlib.crc32(f"{seed} {method} {path}".encode()))
            if chance.random() >= share or method != "GET":
                return answer
            content = spoilt(answer.body, chance)
            kept = (each for each in answer.headers if each[0] != "Content-Length")
            return replace(answer, body=content, headers=(*kept, ("Content-Length", str(len(content)))))

        answered_by(app, odd)

    return start


@pytest.mark.parametrize(("seed", "share"), [(1, 1.0), (14, 0.3)])
def test_no_test_crashes(odd_service: Any, target_at: Any, seed: int, share: float) -> None:
    """Whatever JSON stands in whatever place, each test holds, finds something, or says why not."""
    odd_service(seed, share)
    run = run_tests(target_at("http://odd.example", seed=seed), SuiteOptions(seed=seed))
    assert [(test.name, test.message) for test in run.crashes] == []
    assert run.results.violations
    assert run.outcomes["skipped"] < 20  # somebody was there to ask for
