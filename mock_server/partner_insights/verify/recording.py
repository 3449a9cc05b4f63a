"""A file with a recorded response body → the exchange it could have come from, judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.verify.answer import answer
from partner_insights.verify.body import Body, read_body
from partner_insights.verify.client import MAXIMUM_BODY
from partner_insights.verify.exchange import Exchange, Request, Response
from partner_insights.verify.finding import Finding, violation
from partner_insights.verify.judging import answer_findings, content_observations, error_findings
from partner_insights.verify.shape import Shapes
from partner_insights.verify.violation import Observation, Violation, shortened
from partner_insights.verify.wire import wire_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from partner_insights.contract import Catalogue, ErrorCase, JsonValue, Operation, Profile

UNUSABLE = ("PI306", "PI307", "PI308", "PI310", "PI311")
"""Defects that leave nothing to judge: such a file is no recording of an answer."""


@dataclass(frozen=True)
class Checked:
    """A judged recording."""

    name: str
    subject: str
    """What it was judged as: an operation's id, or in words what any operation may answer."""
    operation: str | None
    violations: tuple[Violation, ...]
    observations: tuple[Observation, ...]


def check_recording(
    path: Path, catalogue: Catalogue, profile: Profile, operation: str | None = None
) -> Checked:
    """Judge one recorded body; InputError, naming the file, for what is no recording of these operations."""
    name = str(path)
    content = _content(path)
    body = read_body(content)
    for defect in body.defects:
        if defect.code in UNUSABLE:
            raise InputError(defect.message, where=name)
    defects = [wire_finding(defect.code, defect.message, defect.pointer) for defect in body.defects]
    case = error_case(body.value, catalogue)
    if case is not None:
        found = [*defects, *error_findings(body.value, case, catalogue)]
        return _checked(name, f"an error body ({case.case})", None, found, _bom(body), profile)
    named = catalogue.operations[operation] if operation else name_operation(body.value, catalogue, name)
    exchange = Exchange(_request(name, named.id), Response(200, (), content))
    answered = answer(body.value, named, exchange, catalogue)
    found = [*defects, *answer_findings(answered, Shapes())]
    seen = [*_bom(body), *content_observations(answered)]
    if operation is None and body.value.get("items") == []:
        return _checked(name, "an empty collection", None, found, seen, profile)
    return _checked(name, named.id, named.id, found, seen, profile)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAXIMUM_BODY:
            raise InputError(f"the file is larger than {MAXIMUM_BODY // 2**20} MiB", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def error_case(value: JsonValue, catalogue: Catalogue) -> ErrorCase | None:
    """The documented refusal that a body looks like; None for what looks like an answer.

    A body in the dialect of errors whose code is not known is taken for an internal error of that code.
    """
    if not isinstance(value, dict) or "items" in value or "totalCount" in value:
        return None
    if "statusCode" in value or ("message" in value and "code" not in value):
        return catalogue.error_cases["throttled"]
    if "code" in value and ("description" in value or "source" in value):
        cases = catalogue.error_cases.values()
        coded = (case for case in cases if case.code is not None and str(case.code) == str(value["code"]))
        return next(coded, catalogue.error_cases["internal-error"])
    return None


def name_operation(value: JsonValue, catalogue: Catalogue, where: str) -> Operation:
    """The operation whose answer this is, told by the objectType of its items, or of the body itself.

    An empty collection is anybody's: the first operation with its envelope stands for all. InputError where
    nothing tells, or where items of several kinds contradict each other.
    """
    if not isinstance(value, dict):
        raise InputError(f"the body is {_kind(value)}, not an object: no operation answers so", where=where)
    items = value.get("items")
    if items == []:
        envelope = "CustomerCollection" if "links" in value else "Collection"
        return next(each for each in catalogue.operations.values() if each.envelope == envelope)
    candidates = {
        operation.resource: operation
        for operation in catalogue.operations.values()
        if (operation.envelope is not None) == isinstance(items, list)
    }
    kinds = Counter(object_types(items if isinstance(items, list) else [value]))
    known = [kind for kind in kinds if kind in candidates]
    if len(known) == 1:
        return candidates[known[0]]  # a stray objectType beside it is a violation to report, not a riddle
    remedy = f"name it with --operation: {', '.join(catalogue.operations)}"
    if known:
        spoken = ", ".join(f"{count} {shortened(kind)}" for kind, count in kinds.most_common(5))
        raise InputError(f"the items are of several kinds ({spoken})", where=where, remedy=remedy)
    spoken = ", ".join(shortened(kind) for kind, _ in kinds.most_common(5)) or "missing"
    raise InputError(f"no operation answers with this objectType ({spoken})", where=where, remedy=remedy)


def object_types(items: Iterable[JsonValue]) -> Iterator[str]:
    """The objectType of each item that has one."""
    for item in items:
        attributes = item.get("attributes") if isinstance(item, dict) else None
        kind = attributes.get("objectType") if isinstance(attributes, dict) else None
        if isinstance(kind, str):
            yield kind


def _kind(value: JsonValue) -> str:
    return {list: "an array", str: "a string", bool: "a Boolean", type(None): "null"}.get(
        type(value), "a number"
    )


def _request(name: str, operation: str | None) -> Request:
    return Request("GET", name, operation=operation, sent=False)


def _bom(body: Body) -> list[Observation]:
    return [Observation("bom", None, "", "the body starts with a UTF-8 byte order mark")] if body.bom else []


def _checked(
    name: str,
    subject: str,
    operation: str | None,
    findings: Iterable[Finding],
    observations: Iterable[Observation],
    profile: Profile,
) -> Checked:
    request = _request(name, operation)
    violations = tuple(violation(finding, request, profile) for finding in findings)
    return Checked(
        name,
        subject,
        operation,
        violations,
        tuple(replace(each, operation=operation) for each in observations),
    )
