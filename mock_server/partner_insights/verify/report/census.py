"""Successful answers → what each property was seen to hold: how often, of which types, values and forms."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from partner_insights.documents import json_type
from partner_insights.verify.judge.percents import Percent, decided_scale, is_number
from partner_insights.verify.judge.rows import JudgedResponse, success_of
from partner_insights.verify.judge.rules import percent_rows
from partner_insights.verify.judge.violation import Observation, display_value, printable, shortened
from partner_insights.verify.report.pseudonyms import is_personal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue, JsonValue
    from partner_insights.verify.judge.exchange import Exchange

Key = tuple[str, str]
"""Operation and the property's path in a row of it, as in `attributes/objectType`."""

MAX_VALUES = 12
"""Different texts that may still be a closed list; with one more, nobody counts them any further."""
REPEATS = 4
"""So many occurrences of each different text make a closed list likely."""

MAX_DATE = 100
"""Characters of a text that may be a date."""

_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:([Tt ])\d\d:\d\d(:\d\d)?(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")


@dataclass
class PropertyCounts:
    """What one property was seen to hold."""

    resource: str
    pointer: str
    seen: int = 0
    absent: int = 0
    types: Counter[str] = field(default_factory=Counter)
    """`integer` is a number written without a point, `number` one with a point or an exponent."""
    values: Counter[str] = field(default_factory=Counter)
    """Texts, until there are too many; none of a property that identifies a customer."""
    forms: Counter[str] = field(default_factory=Counter)
    """Of date-times: how they are written."""
    scales: Counter[int] = field(default_factory=Counter)
    """Of percents: rows whose counts allow but one scale."""
    lowest: float | None = None
    highest: float | None = None

    @property
    def closed(self) -> bool:
        """Whether its texts look like a closed list."""
        texts = sum(self.values.values())
        return len(self.values) <= MAX_VALUES and texts >= max(10, REPEATS * len(self.values))

    def add(self, value: JsonValue, *, personal: bool) -> None:
        """Count one more value."""
        self.seen += 1
        self.types[json_type(value)] += 1
        if is_number(value):
            self.lowest = value if self.lowest is None else min(self.lowest, value)
            self.highest = value if self.highest is None else max(self.highest, value)
        elif isinstance(value, str):
            form = date_form(value)
            if form is not None:
                self.forms[form] += 1
            elif not personal and (len(self.values) <= MAX_VALUES or value in self.values):
                self.values[shortened(value)] += 1


@dataclass
class Census:
    """The tally of each property of each operation that was answered."""

    tallies: dict[Key, PropertyCounts] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)

    def take(self, exchange: Exchange, catalogue: Catalogue) -> None:
        """Count what a success holds; anything else is passed over."""
        found = success_of(exchange, catalogue)
        if found is not None:
            self.count(found)

    def count(self, found: JudgedResponse) -> None:
        """Count every property of every row, and which of the documented ones are absent."""
        rows = [row.members for row in found.rows] if found.operation.envelope is not None else [found.body]
        documented = found.catalogue.schema(found.resource)["properties"]
        for row in rows:
            if isinstance(row, dict):
                self.rows[found.operation.id] += 1
                self._count_row(row, found)
                for name in documented.keys() - row.keys():
                    self._tally(found, name).absent += 1
        for _, name, percent in percent_rows(found):
            self._vote(found, name, percent)

    def observations(self) -> Iterator[Observation]:
        """What stands out of each property, as observations: none of it is a failure."""
        for (operation, path), tally in sorted(self.tallies.items()):
            for kind, message in _remarks(tally):
                if kind != "closed-list-candidate" or not path.endswith("objectType"):
                    yield Observation(kind, operation, tally.pointer, message)

    def of_property(self, resource: str, path: str) -> list[PropertyCounts]:
        """The tallies of one property, one for each operation that answers with its resource."""
        tallies = (self.tallies.get((operation, path)) for operation in self.rows)
        return [tally for tally in tallies if tally is not None and tally.resource == resource]

    def _count_row(self, row: dict[str, JsonValue], found: JudgedResponse) -> None:
        pending = [(name, member, is_personal(name)) for name, member in row.items()]
        while pending:
            path, value, personal = pending.pop()
            if isinstance(value, dict) and path.count("/") < 4:
                pending += [
                    (f"{path}/{name}", member, personal or is_personal(name))
                    for name, member in value.items()
                ]
            self._tally(found, path).add(value, personal=personal)

    def _vote(self, found: JudgedResponse, name: str, percent: Percent) -> None:
        scale = decided_scale(percent)
        if scale is not None:
            self._tally(found, name).scales[scale] += 1

    def _tally(self, found: JudgedResponse, path: str) -> PropertyCounts:
        key = (found.operation.id, path)
        if key not in self.tallies:
            rows = found.operation.layout.rows
            start = f"/{rows}/*/" if found.operation.envelope is not None else "/"
            self.tallies[key] = PropertyCounts(found.resource, start + printable(path))
        return self.tallies[key]


def _remarks(tally: PropertyCounts) -> Iterator[tuple[str, str]]:
    nulls = tally.types["null"]
    if nulls:
        yield "null", f"null in {nulls} of {tally.seen}"
    if tally.absent:
        yield "absent", f"absent in {tally.absent} of {tally.absent + tally.seen}"
    if tally.types["integer"] or tally.types["number"]:
        written = ", ".join(
            f"{tally.types[kind]} {words}"
            for kind, words in (("integer", "without a point"), ("number", "with a point"))
            if tally.types[kind]
        )
        yield "number-encoding", f"{written}; {display_value(tally.lowest)} to {display_value(tally.highest)}"
    if tally.scales:
        scales = ", ".join(f"0 to {scale} in {count}" for scale, count in sorted(tally.scales.items()))
        yield "percent-scale", f"by the rows' counts: {scales}"
    if tally.forms:
        yield "date-form", ", ".join(f"{form} in {count}" for form, count in tally.forms.most_common(5))
    if tally.closed:
        listed = ", ".join(display_value(value) for value, _ in tally.values.most_common())
        yield "closed-list-candidate", f"only {listed} in {sum(tally.values.values())}"


def date_form(text: str) -> str | None:
    """How a date or date-time is written, its digits left out; None for any other text."""
    return _date_form(text) if len(text) <= MAX_DATE else None


@lru_cache(maxsize=1000)
def _date_form(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    _, separator, seconds, fraction, zone = found.groups()
    time = "" if separator is None else f"{separator}hh:mm{':ss' if seconds else ''}"
    digits = f".{'s' * (len(fraction) - 1)}" if fraction else ""
    return f"YYYY-MM-DD{time}{digits}{zone or ' without a zone' if separator else zone or ''}"
