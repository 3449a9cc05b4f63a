"""A recorded body → whether certainly nothing is wrong with it, told much faster than by the judge.

The gate says yes or nothing: whatever it does not pass, the judge reads from the start and explains. So it
may be narrower than the contract, and never wider; a test draws bodies and holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from partner_insights.contract.formats import ANNOTATIONS, TEXTS, WIDTHS, format_checker
from partner_insights.contract.model import PROVENANCE
from partner_insights.verify.answer import UTC_OFFSET, date_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from partner_insights.contract import Catalogue, JsonValue, Operation, SchemaObject

RULED = frozenset(
    {
        # The rules this module keeps, and those that one recorded answer cannot break.
        *("total-count", "unique-rows", "deployed-within-sold", "active-within-qualified"),
        *("one-percent-scale", "percent-of-counts", "utc", "not-in-the-future", "one-date-per-service"),
        *("own-customer", "partner-sold-is-the-sum", "prorated-percent-of-sums", "partner-groups"),
    }
)
SCALES = ((100, 100, 0.009999), (1, 10_000, 0.00009999))
"""A percent's scale, the parts of a unit it may show, and how far from its ratio it may lie: nearer than the
judge asks for."""

ALIKE = frozenset(
    {
        *("type", "const", "enum", "format", "minimum", "maximum", "multipleOf", "minLength", "maxLength"),
        *("properties", "items", "required", "additionalProperties", "$ref"),
        *("deprecated", "readOnly", "writeOnly", "default"),
    }
)
"""Keywords that the two validators read alike; of patterns, for one, they have ideas of their own."""

DATED = "processedDateTime"

EXACT = 2**53
"""Whole numbers up to here are the same to every reader."""

REMEMBERED = 10_000
"""Date-times whose moment is kept in mind."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """What the gate needs to know of one resource's rows."""

    operation: Operation
    body: Callable[[JsonValue], bool]
    """Whether a whole body, envelope included, fits the closed schema."""
    row: Callable[[JsonValue], bool]
    is_row: bool
    """Whether an object of it, alone, is a row: no operation answers with one of them."""
    identity: Callable[[dict[str, Any]], Any] | None
    percent: tuple[str, str, str] | None
    """The percent, its part and its whole."""
    dated: bool


class Gate:
    """Passes clean bodies of one catalogue."""

    def __init__(self, catalogue: Catalogue, moment: datetime | None = None) -> None:
        """Rows must not be dated after `moment`, by default now."""
        self._moment = moment or datetime.now(UTC)
        self._moments: dict[str, datetime | None] = {}
        self._closed = _closed_definitions(catalogue)
        self._kinds: dict[str, Kind] = {}
        if {rule.name for rule in catalogue.rules.values()} <= RULED:
            for operation in catalogue.operations.values():
                # One row alone is quick to judge, and a schema of a page that is not ours may hold anything.
                if operation.envelope is not None and self._sure(operation):
                    self._kinds[operation.resource] = self._kind(operation, catalogue)

    def passes(self, content: bytes, *, line: bool = False) -> str | None:
        """The id of the operation that this clean answer is of; None where the judge has to look.

        A `line` may be a row without an envelope, too.
        """
        try:
            value = orjson.loads(content)
            if line and "items" not in value:
                kind, rows = self._kinds[value["attributes"]["objectType"]], [value]
                fits = kind.is_row and kind.row(value)
            else:
                rows = value["items"]
                kind = self._kinds[rows[0]["attributes"]["objectType"]]
                fits = kind.body(value) and value["totalCount"] == len(rows)
            clean = fits and self._keeps_rules(rows, kind) and _says_everything_once(content, value)
        except (ValueError, LookupError, TypeError, OverflowError):
            return None
        return kind.operation.id if clean else None

    def _keeps_rules(self, rows: Rows, kind: Kind) -> bool:
        if kind.identity is not None and len(rows) > 1 and len(set(map(kind.identity, rows))) != len(rows):
            return False
        if kind.percent is not None and not any(_ratios_hold(rows, *kind.percent, *each) for each in SCALES):
            return False
        return not kind.dated or self._dates_hold(rows)

    def _dates_hold(self, rows: Rows) -> bool:
        """One date-time a service, written alike in each of its rows, in UTC and not in the future."""
        dates: dict[str, str] = {}
        for row in rows:
            if dates.setdefault(row["serviceName"], row[DATED]) != row[DATED]:
                return False
        for text in dates.values():
            moment = self._in_utc(text)
            if moment is None or moment > self._moment:
                return False
        return True

    def _in_utc(self, text: str) -> datetime | None:
        if text not in self._moments:
            if len(self._moments) >= REMEMBERED:
                self._moments.clear()
            moment = date_time(text)
            in_utc = moment is not None and moment.utcoffset() == UTC_OFFSET
            self._moments[text] = moment if in_utc else None
        return self._moments[text]

    def _sure(self, operation: Operation) -> bool:
        """Whether the schemas of an answer hold only what both validators are known to read alike."""
        pending = [operation.resource, operation.envelope or ""]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                for keyword, value in _keywords(self._closed[name]):
                    if keyword == "$ref":
                        pending.append(value.removeprefix("#/$defs/"))
                    elif keyword not in ALIKE or (
                        keyword == "format" and value not in (*TEXTS, *ANNOTATIONS)
                    ):
                        return False
        return True

    def _kind(self, operation: Operation, catalogue: Catalogue) -> Kind:
        resource = operation.resource
        names = _parameters(catalogue, "unique-rows", resource)
        percent = _parameters(catalogue, "percent-of-counts", resource)
        row = {"$ref": f"#/$defs/{resource}", "$defs": self._closed}
        body = {
            "$ref": f"#/$defs/{operation.envelope}",
            "properties": {"items": {"items": {"$ref": f"#/$defs/{resource}"}}},
            "$defs": self._closed,
        }
        return Kind(
            operation=operation,
            body=compiled(body),
            row=compiled(row),
            is_row=resource in row_operations(catalogue),
            identity=itemgetter(*names) if names else None,
            percent=(percent[0], percent[1], percent[2]) if percent else None,
            dated=DATED in catalogue.schema(resource)["properties"],
        )


def _parameters(catalogue: Catalogue, rule: str, resource: str) -> list[str] | None:
    stated = catalogue.rules.get(rule)
    return stated.parameters.get(resource) if stated is not None else None


def _keywords(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every keyword of a schema and of those within it."""
    for keyword, value in schema.items():
        yield keyword, value
        nested = value.values() if keyword == "properties" else [value] if keyword == "items" else []
        for each in nested:
            yield from _keywords(each)


def row_operations(catalogue: Catalogue) -> dict[str, Operation]:
    """The operations whose rows are told from a whole body by their objectType, by resource."""
    alone = {each.resource for each in catalogue.operations.values() if each.envelope is None}
    return {
        each.resource: each
        for each in catalogue.operations.values()
        if each.envelope is not None and each.resource not in alone
    }


def _ratios_hold(
    rows: Rows, percent: str, part: str, whole: str, scale: int, parts: int, margin: float
) -> bool:
    """No part exceeds its whole, and each percent is their ratio in this scale, as far as it can tell.

    Nearer than the judge asks for: then no row can be decided for the other scale, nor disagree in this one.
    """
    for row in rows:
        value, some, of_all = row[percent], row[part], row[whole]
        if some > of_all or of_all > EXACT:
            return False
        if of_all:
            ratio = scale * some / of_all
            if not -margin < ratio - value < margin or int(value * parts + 0.5) / parts != value:
                return False
            if scale == 1 and ratio != value and value.__class__ is int:
                return False
    return True


def _says_everything_once(content: bytes, value: JsonValue) -> bool:
    """Whether no object names a property twice: the parser would have kept one, and with it fewer strings."""
    return _quotes(content) == _quotes(orjson.dumps(value))


def _quotes(content: bytes) -> int:
    if b"\\" in content:
        content = content.replace(b"\\\\", b"").replace(b'\\"', b"")
    return content.count(b'"')


def compiled(schema: SchemaObject) -> Callable[[JsonValue], bool]:
    """Whether a value is valid, formats included, to a validator that does not say why.

    The formats of texts are the judge's own to check: the library takes the year 0 and leap seconds, for one.
    """
    formats: dict[str, Callable[..., bool]] = {name: partial(_conforms, name) for name in TEXTS}
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True, formats=formats).is_valid


@lru_cache(maxsize=REMEMBERED)
def _conforms(form: str, text: str) -> bool:
    return format_checker().conforms(text, form)


def _closed_definitions(catalogue: Catalogue) -> dict[str, Any]:
    """Every derived schema with its references in one document, and no room for undocumented properties.

    Those break nothing, but the judge observes them; without them no body nests deeper than its schema.
    """
    return {
        name: {**dict(_bundled(derived.schema)), "additionalProperties": False}
        for name, derived in catalogue.resources.items()
    }


def _property(name: str, schema: SchemaObject) -> Iterator[tuple[str, Any]]:
    """Whatever holds a processedDateTime is `dated`: each is read below, once for all rows that share it."""
    for keyword, value in _bundled(schema):
        if (name, keyword) != (DATED, "format"):
            yield keyword, value


def _bundled(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in _bounded(schema).items():
        if keyword == "$ref":
            yield keyword, f"#/$defs/{value.removesuffix('.schema.json')}"
        elif keyword == "properties":
            yield keyword, {name: dict(_property(name, nested)) for name, nested in value.items()}
        elif keyword == "items":
            yield keyword, dict(_bundled(value))
        elif keyword not in ("$id", "$schema", PROVENANCE, "description", "examples", "title"):
            yield keyword, value


def _bounded(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """With bounds in place of a width, as the library checks formats of texts alone."""
    if schema.get("format") not in WIDTHS:
        return schema
    lowest, highest = WIDTHS[schema["format"]]
    bounds = {
        "minimum": max(lowest, schema.get("minimum", lowest)),
        "maximum": min(highest, schema.get("maximum", highest)),
    }
    return {keyword: value for keyword, value in schema.items() if keyword != "format"} | bounds
