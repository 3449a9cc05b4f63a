"""A successful exchange → its rows, as far as they are rows, as the rules read them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from partner_insights.contract.query import OptionKind, Query
from partner_insights.verify.judge.damaged_names import folded
from partner_insights.verify.judge.json_body import read_body
from partner_insights.verify.judge.percents import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Catalogue, Envelope, JsonValue, Operation, Source
    from partner_insights.verify.judge.exchange import Exchange

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_SECONDS = slice(17, 19)


@dataclass(frozen=True)
class Row:
    """One item that is an object; its values may still be anything."""

    index: int
    members: dict[str, JsonValue]
    among: str = "items"
    """The property of the body that has the rows."""

    def pointer(self, name: str | None = None) -> str:
        """Where the row, or one of its properties, is in the body."""
        return f"/{self.among}/{self.index}" + (f"/{name}" if name is not None else "")

    def text(self, name: str) -> str | None:
        """The property's value where it is a string."""
        value = self.members.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | float | None:
        """The property's value where it is a finite number."""
        value = self.members.get(name)
        return value if is_number(value) else None

    def count(self, name: str) -> int | None:
        """The property's value where it is a whole number that is not negative, however it is written."""
        value = self.number(name)
        return int(value) if value is not None and value >= 0 and value == int(value) else None

    def moment(self, name: str) -> datetime | None:
        """The property's value where it is a date-time with an offset."""
        return date_time(self.text(name))

    def key(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The values of some properties to compare rows by: texts without their case and blanks."""
        values = (self.members.get(name) for name in names)
        return tuple(
            f'"{folded(value)}"' if isinstance(value, str) else json.dumps(value, sort_keys=True)
            for value in values
        )


MAX_ROWS: Final = 500_000
"""Of one body: more are not judged, as they would take too much memory."""
MANY_ROWS: Final = 50_000
BYTES_OF_A_ROW: Final = 32
"""Of a body with many rows, at least: where they are shorter on the average, none of them is judged."""
BYTES_OF_A_MEMBER: Final = 4
"""Two quotation marks, a colon and a value."""


@dataclass(frozen=True)
class JudgedResponse:
    """A 200 of one operation whose body could be read."""

    operation: Operation
    resource: str
    content: bytes
    """The body as it came."""
    body: JsonValue
    rows: tuple[Row, ...]
    customer: str | None
    moment: datetime
    catalogue: Catalogue
    received: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it arrived, by the judge's own clock."""
    url: str = ""
    """Of the request; empty where it is not known."""
    locale: str = ""
    """The language that the request asked for."""
    query: Query | None = None
    """What the request asked for, where its operation has options; None where that is not known."""
    unread: int = 0
    """How many rows there are, where they are more than are judged: then `rows` is empty."""

    @property
    def members(self) -> dict[str, JsonValue]:
        """Of the body; none where it is no object, which its schema reports."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def form(self) -> Query | None:
        """What says of which form the rows are: the query, else grouped rows themselves."""
        group = self.operation.options.of(OptionKind.GROUP)
        if self.query is not None or group is None or not self.rows:
            return self.query
        measures = {each.name for each in group.measures}
        fields = {rule.property for rule in group.fields.values()}
        names = set(self.rows[0].members)
        alike = all(row.members.keys() == names for row in self.rows)
        if not alike or not measures <= names or not names - measures <= fields or not names - measures:
            return None
        whole = set(self.catalogue.schema(self.resource)["properties"]) - {"attributes"}
        return None if names == whole else Query(group=tuple(sorted(names - measures)))

    def aggregated(self, row: Row) -> datetime | None:
        """Of which moment a row is; the newer analytics write it in UTC, without a zone."""
        text = row.text("processedDateTime")
        return date_time(text) or (date_time(f"{text}Z") if self.operation.options else None)

    def source(self, name: str, resource: str | None = None) -> Source | None:
        """The row of the page that documents a property."""
        try:
            return self.catalogue.property_source(resource or self.resource, name)
        except KeyError:
            return None

    @property
    def percent_names(self) -> tuple[str, ...]:
        """The properties of the resource that are percents, by their name."""
        return tuple(
            name for name in self.catalogue.schema(self.resource)["properties"] if name.endswith("Percent")
        )


def success_of(exchange: Exchange, catalogue: Catalogue) -> JudgedResponse | None:
    """The response to judge; None where the exchange is no readable success of an operation."""
    response, operation = exchange.response, catalogue.operations.get(exchange.request.operation or "")
    if response is None or operation is None or response.status != 200 or exchange.request.method == "HEAD":
        return None
    body = read_body(response.body)
    if not body.readable:
        return None
    return judged_response(body.value, operation, exchange, catalogue)


def judged_response(
    value: JsonValue, operation: Operation, exchange: Exchange, catalogue: Catalogue
) -> JudgedResponse:
    """A decoded body of an operation as the rules read it."""
    content = exchange.response.body if exchange.response is not None else b""
    stated = len(operation.layout.rows_of(value) or ()) if operation.envelope is not None else 0
    too_short = stated > MANY_ROWS and _too_short(content, stated, operation, catalogue)
    unread = stated if too_short or stated > MAX_ROWS else 0
    return JudgedResponse(
        operation=operation,
        resource=operation.resource,
        content=content,
        body=value,
        rows=tuple(_rows(value, operation.layout)) if stated and not unread else (),
        unread=unread,
        customer=exchange.request.customer,
        moment=exchange.response.moment if exchange.response is not None else datetime.now(UTC),
        catalogue=catalogue,
        received=exchange.response.received if exchange.response is not None else datetime.now(UTC),
        url="" if exchange.request.url == exchange.request.file else exchange.request.url,
        locale=(exchange.request.header("X-Locale") or "en-US").lower(),
        query=_query(operation, exchange),
    )


def _too_short(content: bytes, rows: int, operation: Operation, catalogue: Catalogue) -> bool:
    """Whether rows are too short, on the average, to have the properties that each of them has."""
    required = catalogue.schema(operation.resource).get("required", ())
    least = sum(len(name) + BYTES_OF_A_MEMBER for name in required)
    return len(content) < rows * max(least, BYTES_OF_A_ROW)


def _query(operation: Operation, exchange: Exchange) -> Query | None:
    if not operation.options or exchange.request.url in ("", exchange.request.file):
        return None
    return exchange.request.parsed_query(operation.options)


def _rows(value: JsonValue, layout: Envelope) -> Iterator[Row]:
    for index, item in enumerate(layout.rows_of(value) or ()):
        if isinstance(item, dict):
            yield Row(index, item, layout.rows)


@lru_cache(maxsize=1000)
def date_time(text: str | None) -> datetime | None:
    """An RFC 3339 date-time; None for anything else, such as one without an offset.

    Python knows no leap second: one stands for the second before it.
    """
    if text is None or not _DATE_TIME.fullmatch(text):
        return None
    leap = text[_SECONDS] == "60"
    try:
        moment = datetime.fromisoformat((f"{text[:17]}59{text[19:]}" if leap else text).upper())
        if leap and (moment.astimezone(UTC).hour, moment.astimezone(UTC).minute) != (23, 59):
            return None
    except (ValueError, OverflowError):
        return None
    return moment if moment.utcoffset() is not None else None


UTC_OFFSET = timedelta(0)
