"""A body without its request → the operation that answers so, or the refusal that it is."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.verify.judge.violation import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Set

    from partner_insights.contract import Catalogue, ErrorCase, JsonValue, Operation

SAME_ROW = 0.5
"""The share of names that a row without objectType has in common with those it is one of, at least."""


def error_case(value: JsonValue, catalogue: Catalogue) -> ErrorCase | None:
    """The documented refusal that a body looks like; None for what looks like an answer.

    A body in the dialect of errors whose code is not known is taken for an internal error of that code.
    """
    if not isinstance(value, dict) or "items" in value or "totalCount" in value:
        return None
    if "innererror" in value:
        return catalogue.error_cases.get("invalid-analytics-query")
    if "statusCode" in value or ("message" in value and "code" not in value):
        return catalogue.error_cases["throttled"]
    if "code" in value and ("description" in value or "source" in value):
        cases = catalogue.error_cases.values()
        coded = (case for case in cases if case.code is not None and str(case.code) == str(value["code"]))
        return next(coded, catalogue.error_cases["internal-error"])
    return None


def name_operation(value: JsonValue, catalogue: Catalogue, where: str) -> Operation:
    """The operation whose response this is, by the objectType of its items, or of the body itself.

    An empty collection is anybody's: the first operation with its envelope stands for all. InputError where
    nothing shows it, or where items of several kinds contradict each other.
    """
    if not isinstance(value, dict):
        raise InputError(f"the body is {_kind(value)}, not an object: no operation answers so", where=where)
    paged = _paged_operation(value, catalogue)
    if paged is not None:
        return paged
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
    if not kinds:
        words = "it has no objectType that shows whose body it is, if it is one of this API"
        raise InputError(words, where=where, remedy=f"save a HAR archive or the body alone, or {remedy}")
    spoken = ", ".join(shortened(kind) for kind, _ in kinds.most_common(5))
    raise InputError(f"no operation answers with this objectType ({spoken})", where=where, remedy=remedy)


def _paged_operation(value: dict[str, JsonValue], catalogue: Catalogue) -> Operation | None:
    """The operation whose envelope and rows have the names that the body has; None for no such envelope."""
    for layout, alike in catalogue.paged_operations.items():
        rows = layout.rows_of(value)
        if rows is not None:
            names = {name for row in rows[:1] if isinstance(row, dict) for name in row}
            return max(alike, key=lambda each: _likeness(names, each, catalogue)) if names else alike[0]
    return None


def untyped_row_operation(row: dict[str, JsonValue], catalogue: Catalogue) -> Operation | None:
    """The operation whose rows, which have no objectType, have most of the row's names, and few others."""
    if any(layout.rows_of(row) is not None for layout in catalogue.paged_operations):
        return None
    alike = [
        (_likeness(row.keys(), each, catalogue), each)
        for each in chain.from_iterable(catalogue.paged_operations.values())
        if "attributes" not in catalogue.schema(each.resource)["properties"]
    ]
    likeness, best = max(alike, key=lambda each: each[0], default=(0, None))
    return best if likeness > SAME_ROW else None


def _likeness(names: Set[str], operation: Operation, catalogue: Catalogue) -> float:
    documented = catalogue.schema(operation.resource)["properties"].keys()
    common = len(names & documented)
    return common / max(len(names) + len(documented) - common, 1)


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
