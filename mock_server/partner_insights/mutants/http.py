"""Answers whose status, headers or bytes are wrong, whatever their content → mutants of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from partner_insights.contract import Standing
from partner_insights.contract.error_bodies import error_body
from partner_insights.mutants.dates import day_before
from partner_insights.mutants.mutant import Answered, Change, Mutant, Scene, behaviour
from partner_insights.mutants.response_edits import DATE, chosen, of_body
from partner_insights.mutants.schemas import is_throttled, throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.contract import Catalogue

PAGE = b"<!DOCTYPE html><html><head><title>Service unavailable</title></head><body>Try later.</body></html>"
OTHER_ID = "00000000-0000-4000-8000-000000000000"


def transport_mutants(catalogue: Catalogue) -> Iterator[Mutant]:
    """Every mutant of how an answer is carried."""
    yield from _headers()
    yield from _bodies()
    yield from _statuses(catalogue)
    yield from _repetitions()


def of_success(change: Callable[[Answered], Answered]) -> Change:
    """A change of what is answered with 200; OPTIONS is left alone."""
    return lambda answered, scene: (
        change(answered)
        if answered.status == 200 and scene.operation is not None and scene.method != "OPTIONS"
        else answered
    )


def _header(name: str, value: str | None) -> Change:
    """A header of everything that carries it."""
    return lambda answered, _: (
        answered if answered.header(name) is None else answered.with_header(name, value)
    )


def _headers() -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    stated = {
        "wrong-content-type": (
            "answers say they are HTML",
            "PI302",
            documented,
            ("Content-Type", "text/html; charset=utf-8"),
        ),
        "missing-content-type": ("answers have no Content-Type", "PI302", documented, ("Content-Type", None)),
        "missing-charset": (
            "the Content-Type names no charset",
            "PI303",
            assumed,
            ("Content-Type", "application/json"),
        ),
        "wrong-charset": (
            "the Content-Type names another charset",
            "PI303",
            assumed,
            ("Content-Type", "application/json; charset=iso-8859-1"),
        ),
        "missing-request-id": ("answers have no MS-RequestId", "PI304", documented, ("MS-RequestId", None)),
        "unechoed-request-id": (
            "MS-RequestId is another than was sent",
            "PI304",
            documented,
            ("MS-RequestId", OTHER_ID),
        ),
        "missing-correlation-id": (
            "answers have no MS-CorrelationId",
            "PI304",
            documented,
            ("MS-CorrelationId", None),
        ),
        "unechoed-correlation-id": (
            "MS-CorrelationId is another than was sent",
            "PI304",
            documented,
            ("MS-CorrelationId", OTHER_ID),
        ),
        "missing-correlation-vector": ("answers have no MS-CV", "PI305", assumed, ("MS-CV", None)),
        "missing-server-id": ("answers have no MS-ServerId", "PI305", assumed, ("MS-ServerId", None)),
    }
    for name, (title, codes, standing, (header, value)) in stated.items():
        yield behaviour(name, title, codes, standing, _header(header, value))


def _bodies() -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    respelt: dict[str, tuple[str, str, Standing, Callable[[bytes], bytes]]] = {
        "empty-body": ("a success carries nothing", "PI306", documented, lambda _: b""),
        "blank-body": ("a success carries white space", "PI306", documented, lambda _: b" \r\n"),
        "truncated-body": (
            "the JSON stops half-way",
            "PI307",
            documented,
            lambda body: body[: len(body) // 2],
        ),
        "invalid-json": ("a comma too many", "PI307", documented, lambda body: body[:-1] + b",}"),
        "trailing-garbage": ("something follows the JSON", "PI307", documented, lambda body: body + b"\n{}"),
        "single-quotes": (
            "strings are in single quotes",
            "PI307",
            documented,
            lambda body: body.replace(b'"', b"'"),
        ),
        "html-page": ("a page in place of JSON", "PI307", documented, lambda _: PAGE),
        "not-utf8": ("bytes that are no UTF-8", "PI308", documented, _latin),
        "duplicate-keys": ("a property is named twice", "PI309", assumed, _named_twice),
        "duplicate-keys-of-one-value": (
            "a property is named twice with one value",
            "PI309",
            assumed,
            _repeated,
        ),
        "not-a-number": (
            "NaN stands for a value",
            "PI310",
            documented,
            lambda body: _unheard_of(body, b"NaN"),
        ),
        "infinity": (
            "Infinity stands for a value",
            "PI310",
            documented,
            lambda body: _unheard_of(body, b"Infinity"),
        ),
        "too-deep": ("an undocumented property nests without end", "PI311", documented, _nested),
    }
    for name, (title, codes, standing, respell) in respelt.items():
        yield behaviour(name, title, codes, standing, of_success(_of_bytes(respell)))


def _of_bytes(respell: Callable[[bytes], bytes]) -> Callable[[Answered], Answered]:
    return lambda answered: replace(answered, body=respell(answered.body))


def _latin(body: bytes) -> bytes:
    return body.replace(b'"attributes"', b'"motto":"\xe9l\xe0n","attributes"', 1)


def _named_twice(body: bytes) -> bytes:
    """The first time with another value: a lenient reader keeps the last, and sees nothing wrong."""
    return body.replace(b'"attributes":', b'"attributes":null,"attributes":', 1)


def _repeated(body: bytes) -> bytes:
    return body.replace(b'"objectType":', b'"objectType":"Collection","objectType":', 1)


def _unheard_of(body: bytes, number: bytes) -> bytes:
    """As the value of a property nobody documented, so that nothing else is wrong with it."""
    return body.replace(b'"attributes":', b'"load":' + number + b',"attributes":', 1)


def _nested(body: bytes) -> bytes:
    return body.replace(b'"attributes":', b'"nest":' + b"[" * 400 + b"]" * 400 + b',"attributes":', 1)


def _statuses(catalogue: Catalogue) -> Iterator[Mutant]:
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    per_customer = frozenset(each.id for each in catalogue.operations.values() if each.per_customer)
    yield behaviour(
        "error-for-some-customers",
        "500 for about every third customer",
        "PI301",
        documented,
        _fails_for_some,
        operations=per_customer,
    )
    yield behaviour("no-content", "204 in place of 200", "PI301", documented, of_success(_no_content))
    yield behaviour(
        "created",
        "201 in place of 200",
        "PI301",
        documented,
        of_success(lambda good: replace(good, status=201)),
    )
    yield behaviour("redirected", "302 to another place", "PI301", documented, of_success(_redirected))
    yield behaviour(
        "throttled-without-retry-after",
        "a 429 does not say how long to wait",
        "PI313",
        documented,
        lambda answered, scene: (
            throttled(catalogue, answered).with_header("Retry-After", None)
            if is_throttled(scene)
            else answered
        ),
    )
    yield behaviour(
        "head-of-another-status",
        "HEAD is answered with another status than GET",
        "PI312 PI301",
        assumed,
        _of_head(lambda answered: replace(answered, status=404)),
    )
    yield behaviour(
        "head-of-another-type",
        "HEAD is answered with another Content-Type than GET",
        "PI312 PI302",
        assumed,
        _of_head(lambda answered: answered.with_header("Content-Type", "text/plain; charset=utf-8")),
    )
    yield behaviour(
        "head-of-another-length",
        "HEAD is answered with another Content-Length than GET",
        "PI312",
        assumed,
        _of_head(lambda answered: replace(answered, body=answered.body + OTHER_ID.encode())),
    )


def _fails_for_some(answered: Answered, scene: Scene) -> Answered:
    if answered.status != 200 or not chosen(scene):
        return answered
    return replace(answered, status=500).with_content(error_body("500", "Internal server error"))


def _no_content(answered: Answered) -> Answered:
    return replace(answered, status=204, body=b"").with_header("Content-Type", None)


def _redirected(answered: Answered) -> Answered:
    return replace(answered, status=302).with_header("Location", "http://127.0.0.1:9/")


def _of_head(change: Callable[[Answered], Answered]) -> Change:
    return lambda answered, scene: (
        change(answered) if scene.method == "HEAD" and answered.status == 200 else answered
    )


def _repetitions() -> Iterator[Mutant]:
    yield behaviour(
        "different-answer",
        "the same request is answered otherwise every second time",
        "PI314",
        Standing.ASSUMED,
        of_body(_other_data),
    )
    yield behaviour(
        "reordered-names",
        "a name changes its spelling every second time",
        "PI314",
        Standing.ASSUMED,
        of_body(_other_name),
    )


def _other_data(body: Any, scene: Scene) -> Any:
    """All rows of the day before, or another name: nothing that is wrong by itself."""
    if scene.ordinal % 2 == 0:
        return None
    if "items" not in body or not all(DATE in row for row in body["items"]):
        return _other_name(body, scene)
    return {**body, "items": [{**row, DATE: day_before(row[DATE])} for row in body["items"]]}


def _other_name(body: Any, scene: Scene) -> Any:
    """An undocumented property that comes and goes."""
    return {**body, "weather": "fine"} if scene.ordinal % 2 and isinstance(body, dict) else None
