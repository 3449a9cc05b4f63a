"""The journal → how a client reads the pages of a query: its next links, its page size, its end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from partner_insights.contract.query import OptionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from partner_insights.contract import Operation
    from partner_insights.server.journal.journal import Entry

MISJOINED: Final = "next-link-misjoined"
ABANDONED: Final = "paging-abandoned"
TOO_LARGE: Final = "page-too-large"

Found = tuple[str, str, tuple["Entry", ...]]
"""Code, words, and the entries that show it."""
Pairs = dict[str, str]


def paging_habits(entries: Sequence[Entry], operations: Mapping[str, Operation]) -> Iterator[Found]:
    """What of the reading of pages the real service would not forgive."""
    for place, entry in enumerate(entries):
        operation = operations.get(entry.route.operation or "")
        if operation is None or operation.options.of(OptionKind.TOP) is None or entry.method != "GET":
            continue
        asked = _pairs(entry)
        yield from _too_large(entry, asked, operation)
        wanted = _next(entry, asked, operation)
        if wanted is None:
            continue
        later = entries[place + 1 :]
        if any(each.route.operation == operation.id and _follows(each, wanted, operation) for each in later):
            continue
        astray = next((each for each in later if each.status == 404 and _pairs(each) == wanted), None)
        if astray is not None:
            words = f"the next link was joined to {astray.path}, where nothing is: it is relative to the page"
            yield MISJOINED, words, (entry, astray)
        else:
            yield ABANDONED, "the rows go on after this page", (entry,)


def _too_large(entry: Entry, asked: Pairs, operation: Operation) -> Iterator[Found]:
    top = operation.options.of(OptionKind.TOP)
    if top is None or top.maximum is None or entry.status != 400:
        return
    size = _number(asked.get(top.name), 0)
    if size > top.maximum:
        yield TOO_LARGE, f"{operation.id} was asked for pages of {size}; {top.maximum} is the most", (entry,)


def _next(entry: Entry, asked: Pairs, operation: Operation) -> Pairs | None:
    """The parameters of the page after an answer; None where there is none."""
    link = re.compile(rb'"' + re.escape((operation.layout.next_link or "").encode()) + rb'":"[^"]')
    if entry.status != 200 or not (link.search(entry.body_end) or link.search(entry.body)):
        return None
    top, skip = operation.options.of(OptionKind.TOP), operation.options.of(OptionKind.SKIP)
    if top is None or skip is None:
        return None
    size = _number(asked.get(top.name), top.default)
    return asked | {top.name: str(size), skip.name: str(_number(asked.get(skip.name), 0) + size)}


def _follows(entry: Entry, wanted: Pairs, operation: Operation) -> bool:
    """Whether a request goes on with the query: with the next row, or the same page once more for now."""
    names = {each.name for each in operation.options if each.kind in (OptionKind.TOP, OptionKind.SKIP)}
    asked = _pairs(entry)
    skip = operation.options.of(OptionKind.SKIP)
    same = {name: text for name, text in asked.items() if name not in names}
    rest = {name: text for name, text in wanted.items() if name not in names}
    return same == rest and skip is not None and asked.get(skip.name) == wanted[skip.name]


def _pairs(entry: Entry) -> Pairs:
    return dict(parse_qsl(entry.query, keep_blank_values=True))


def _number(text: str | None, otherwise: int | str | None) -> int:
    if text is not None and text.isascii() and text.isdigit():
        return int(text)
    return otherwise if isinstance(otherwise, int) else 0
