"""A recorded body → whether certainly nothing is wrong with it, told much faster than by the judge.

The gate says yes or nothing: whatever it does not pass, the judge reads from the start and explains. So it
may be narrower than the contract, and never wider; a test draws bodies and holds the two against each other.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from partner_insights.contract.formats import ANNOTATIONS, TEXTS, WIDTHS
from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import resource_of
from partner_insights.verify.recordings.fast_decoder import Layout, LayoutBuilder, NoLayout, conforms
from partner_insights.verify.recordings.fast_rules import RULED, FastRules, Parts, PastCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from partner_insights.contract import Catalogue, JsonValue, Operation, SchemaObject

SHARED_KEYWORDS = frozenset(
    {
        *("type", "const", "enum", "format", "minimum", "maximum", "multipleOf", "minLength", "maxLength"),
        *("properties", "items", "required", "additionalProperties", "$ref"),
        *("deprecated", "readOnly", "writeOnly", "default"),
    }
)
"""Keywords that the two validators read alike; of patterns, for one, they have ideas of their own."""

MAX_LAYOUTS = 8
"""Forms that are kept, the one that was met last before the others."""
MANY_ROWS = 100
"""Rows of a body from which on it is worth while to look at the first one before the others."""
MAX_DECODERS = 100
"""Forms that a decoder is made for: a recording may hold any number."""


_RESOURCE = re.compile(rb'"objectType"\s*:\s*"(?!Collection")(\w+)"')
"""What a line most likely holds: nothing depends on it but which lines are looked at together."""


@dataclass(frozen=True)
class RowKind:
    """What the gate needs to know of one resource's rows."""

    operation: Operation
    body_schema: SchemaObject
    """Of a whole body, envelope included; it allows nothing that is not documented."""
    row_schema: SchemaObject
    body: Callable[[JsonValue], bool]
    """Whether a body fits its schema."""
    row: Callable[[JsonValue], bool]
    is_row: bool
    """Whether an object of it, alone, is a row: no operation answers with one of them."""
    parts: Parts


@dataclass(frozen=True)
class SeenLayout:
    """A form that clean bodies, or rows alone, were seen to have."""

    operation: Operation
    is_row: bool
    form: Layout
    laws: FastRules


class FastPath:
    """Passes clean bodies of one catalogue.

    Whatever has the form of a clean body that was met before is parsed and judged in one go. For the rest
    there is a parser and a validator: what they pass is met.
    """

    def __init__(self, catalogue: Catalogue, moment: datetime | None = None) -> None:
        """Rows must not be dated after `moment`, by default now."""
        self._past = PastCheck(moment)
        self._closed = _closed_definitions(catalogue)
        self._shaper = LayoutBuilder(self._closed)
        self._kinds: dict[str, RowKind] = {}
        self._met: list[SeenLayout] = []
        self._tried: set[str] = set()
        if {rule.name for rule in catalogue.rules.values()} <= RULED:
            for operation in catalogue.operations.values():
                # One row alone is quick to judge, and a schema of a page that is not ours may hold anything.
                if operation.envelope is not None and self._sure(operation):
                    self._kinds[operation.resource] = self._kind(operation, catalogue)

    def valid_operation(self, content: bytes, *, line: bool = False) -> str | None:
        """The id of the operation that this clean answer is of; None where the judge has to look.

        A `line` may be a row without an envelope, too.
        """
        return self._pass_formed(content, line) or self._pass_validated(content, line)

    def _pass_formed(self, content: bytes, line: bool) -> str | None:
        for met in self._met:
            rows = met.form.answer(content) if line or not met.is_row else None
            if rows:
                self._met_again(met)
                return met.operation.id if met.laws.hold(rows) else None
        return None

    def split(self, lines: Sequence[bytes]) -> tuple[Counter[str], list[int]]:
        """Look at lines together, none of them empty, instead of one by one.

        How many of them are clean answers or rows of which operation, and the places of all the others, of
        which only `passes` can tell: lines pass together if all that name the same resource have one form.
        """
        subject = self._pass_together(lines)
        if subject is not None:
            return Counter({subject: len(lines)}), []
        passed: Counter[str] = Counter()
        left: list[int] = []
        groups = _by_resource(lines)
        for places in groups:
            subject = None if len(groups) == 1 else self._pass_together([lines[place] for place in places])
            if subject is None:
                left += places
            else:
                passed[subject] += len(places)
        return passed, sorted(left)

    def _pass_together(self, lines: Sequence[bytes]) -> str | None:
        for met in self._met:
            answers = met.form.answers(lines)
            if answers and all(answers):
                self._met_again(met)
                hold = met.laws.hold
                # What would be lawful in one answer is so in several.
                lawful = hold(list(chain.from_iterable(answers))) or all(map(hold, answers))
                return met.operation.id if lawful else None
        return None

    def _met_again(self, met: SeenLayout) -> None:
        if self._met[0] is not met:
            self._met.remove(met)
            self._met.insert(0, met)

    def _pass_validated(self, content: bytes, line: bool) -> str | None:
        try:
            value = orjson.loads(content)
            is_row = line and "items" not in value
            if is_row:
                kind, rows = self._kinds[value["attributes"]["objectType"]], [value]
                fits = kind.is_row and kind.row(value)
            else:
                rows = value["items"]
                kind = self._kinds[rows[0]["attributes"]["objectType"]]
                if len(rows) > MANY_ROWS:
                    # With its first row alone, a large body shows its form in no time.
                    first = value | {"totalCount": 1, "items": rows[:1]}
                    if self._pass_validated(orjson.dumps(first), line):
                        subject = self._pass_formed(content, line)
                        if subject is not None:
                            return subject
                fits = kind.body(value) and value["totalCount"] == len(rows)
            clean = (
                fits
                and FastRules(kind.parts, attrgetter("identity"), self._past).hold(
                    list(map(kind.parts.row, rows))
                )
                and _says_everything_once(content, value)
            )
        except (ValueError, LookupError, TypeError, OverflowError):
            return None
        if clean:
            self._meet(value, kind, is_row)
        return kind.operation.id if clean else None

    def _meet(self, value: Any, kind: RowKind, is_row: bool) -> None:
        """Have a decoder for what has the form of this clean value."""
        model = value if is_row else value | {"items": value["items"][0]}
        named = f"{kind.operation.id} {is_row} {_names(model)}"
        if named in self._tried or len(self._tried) > MAX_DECODERS:
            return
        self._tried.add(named)
        shape, schema = (
            (self._shaper.row, kind.row_schema) if is_row else (self._shaper.body, kind.body_schema)
        )
        row = value if is_row else value["items"][0]
        identity = [kind.parts.attributes.get(name, name) for name in kind.parts.identity if name in row]
        try:
            form = shape(schema, value, kind.parts)
        except NoLayout:
            return
        laws = FastRules(kind.parts, attrgetter(*identity or ["__class__"]), self._past)
        self._met.insert(0, SeenLayout(kind.operation, is_row, form, laws))
        del self._met[MAX_LAYOUTS:]

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
                    elif keyword not in SHARED_KEYWORDS or (
                        keyword == "format" and value not in (*TEXTS, *ANNOTATIONS)
                    ):
                        return False
        return True

    def _kind(self, operation: Operation, catalogue: Catalogue) -> RowKind:
        resource = operation.resource
        row = {"$ref": f"#/$defs/{resource}"}
        body = {"$ref": f"#/$defs/{operation.envelope}", "properties": {"items": {"items": row}}}
        return RowKind(
            operation=operation,
            body_schema=body,
            row_schema=row,
            body=compiled(body | {"$defs": self._closed}),
            row=compiled(row | {"$defs": self._closed}),
            is_row=resource in row_operations(catalogue),
            parts=Parts.of(catalogue, resource),
        )


def _by_resource(lines: Sequence[bytes]) -> list[list[int]]:
    """The places of lines that name the same resource first."""
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        found = _RESOURCE.search(line)
        groups[found[1] if found else b""].append(place)
    return list(groups.values())


def _names(value: JsonValue) -> JsonValue:
    """What tells one form from another: the names of properties, and which of them are null."""
    if isinstance(value, dict):
        return {name: _names(value[name]) for name in sorted(value)}
    return value is None


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
    formats: dict[str, Callable[..., bool]] = {name: partial(conforms, name) for name in TEXTS}
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True, formats=formats).is_valid


def _closed_definitions(catalogue: Catalogue) -> dict[str, Any]:
    """Every derived schema with its references in one document, and no room for undocumented properties.

    Those break nothing, but the judge observes them; without them no body nests deeper than its schema.
    """
    return {
        name: {**dict(_bundled(derived.schema)), "additionalProperties": False}
        for name, derived in catalogue.resources.items()
    }


def _bundled(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in _bounded(schema).items():
        if keyword == "$ref":
            yield keyword, f"#/$defs/{resource_of(value)}"
        elif keyword == "properties":
            yield keyword, {name: dict(_bundled(nested)) for name, nested in value.items()}
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
