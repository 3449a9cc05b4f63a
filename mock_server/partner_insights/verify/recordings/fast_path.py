"""A recorded body → whether it is certainly valid, found much faster than by the judge.

The fast path says yes or nothing: whatever else there is, the judge reads from the start and explains. So it
may be narrower than the contract, and never wider; a test draws bodies and compares the two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from partner_insights.contract.compiled_schemas import compiled, definitions_read_alike, in_one_document
from partner_insights.contract.model import Envelope
from partner_insights.verify.judge.fast_checks import PastCheck
from partner_insights.verify.judge.json_body import MAX_VALUES, has_more_values, says_everything_once
from partner_insights.verify.recordings.entry import objects_in
from partner_insights.verify.recordings.fast_decoder import Layout, LayoutBuilder, NoLayout
from partner_insights.verify.recordings.fast_rules import FastRules, fast_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from partner_insights.contract import Catalogue, JsonValue, Operation, SchemaObject
    from partner_insights.verify.judge.fast_checks import Requested

MAX_LAYOUTS = 8
"""Layouts that are remembered, the latest first."""
MANY_ROWS = 100
"""Rows of a body from which on it is worth while to look at the first one before the others."""
MAX_DECODERS = 100
"""Layouts of a file that a decoder is built for: a recording may hold any number."""


SAMPLED_LINK = "^/(?!/|v[0-9.]+/)"
"""A link as in the samples. Links of another form break nothing, but the judge observes them."""
_RESOURCE, _OF_ENVELOPE = b'"objectType"', b'"objectType":"Collection"'
"""What a line most likely holds behind the first: only which lines are looked at together depends on it."""


@dataclass(frozen=True)
class RowKind:
    """What the fast path needs to know of one resource's rows."""

    operation: Operation
    body_schema: SchemaObject
    """Of a whole body, envelope included."""
    row_schema: SchemaObject
    body: Callable[[JsonValue], bool]
    """Whether a body fits its schema."""
    row: Callable[[JsonValue], bool]
    is_row: bool
    """Whether an object of it, alone, is a row: no operation answers with one of them."""
    rules: FastRules
    documented: bool
    """Whether the schemas allow nothing that is not documented."""


@dataclass(frozen=True)
class SeenLayout:
    """A layout that valid bodies, or rows alone, were seen to have."""

    name: tuple[bool, str]
    """What tells it from others, first whether it is documented."""
    kind: RowKind
    is_row: bool
    layout: Layout

    def keep_rules(self, answers: Sequence[Sequence[Any]]) -> bool:
        """Whether each of several answers keeps every rule."""
        rules = self.kind.rules
        together = rules.of_any_part and rules.hold(list(chain.from_iterable(answers)))
        return together or all(map(rules.hold, answers))


class FastPath:
    """Knows valid bodies of one catalogue.

    Whatever has the layout of a valid body that was seen before is parsed and checked in one go. For the rest
    there is a parser and a validator; the layout of what they find valid is remembered.
    """

    def __init__(self, catalogue: Catalogue, moment: datetime | None = None) -> None:
        """Rows must not be dated after `moment`, by default now."""
        self._catalogue = catalogue
        self._past = PastCheck(moment)
        self._definitions = _definitions(catalogue)
        self._layouts = LayoutBuilder(_with_sampled_links(self._definitions))
        self._kinds = self._row_kinds(documented=True)
        self._seen: list[SeenLayout] = []
        self._tried: set[tuple[bool, str]] = set()

    def _row_kinds(self, *, documented: bool) -> dict[str, RowKind]:
        kinds: dict[str, RowKind] = {}
        for operation in self._catalogue.operations.values():
            # One row alone is quick to judge, and a schema of a page that is not ours may hold anything.
            enveloped = operation.envelope is not None and operation.layout == Envelope()
            rules = fast_rules(operation, self._catalogue, self._past) if enveloped else None
            kind = self._kind(operation, rules, documented=documented) if rules is not None else None
            if kind is not None:
                kinds[operation.resource] = kind
        return kinds

    @cached_property
    def _open_kinds(self) -> dict[str, RowKind]:
        return self._row_kinds(documented=False)

    def forget(self) -> None:
        """Know documented layouts alone, as for another file."""
        self._seen = [each for each in self._seen if each.kind.documented]
        self._tried = {each.name for each in self._seen}

    def valid_operation(self, content: bytes, *, line: bool = False, documented: bool = True) -> str | None:
        """The id of the operation that this valid answer is of; None where the judge has to look.

        A `line` may be a row without an envelope, too. Not `documented`, it may have undocumented properties,
        and its layout is one more that is valid, until `forget`: those properties are observed once.
        """
        if not documented:
            return self._by_schema(content, line, self._open_kinds)
        return self._by_layout(content, line) or self._by_schema(content, line, self._kinds)

    def answers_to(self, asked: Sequence[Requested], bodies: Sequence[bytes]) -> list[str | None]:
        """For each request and its body the id of the operation that certainly answers so.

        None where that is not certain, as of the first body of a layout.
        """
        for seen in self._seen:
            answers = None if seen.is_row else seen.layout.bodies(bodies)
            if answers and all(answers) and seen.keep_rules(answers):
                return [
                    seen.kind.operation.id if seen.kind.rules.fit_request(rows, each) else None
                    for rows, each in zip(answers, asked, strict=True)
                ]
        if len(bodies) == 1:
            return [None]
        found = (self.answers_to([each], [body]) for each, body in zip(asked, bodies, strict=True))
        return list(chain.from_iterable(found))

    def _by_layout(self, content: bytes, line: bool) -> str | None:
        for seen in self._seen:
            rows = seen.layout.answer(content) if line or not seen.is_row else None
            if rows:
                self._put_first(seen)
                return seen.kind.operation.id if seen.kind.rules.hold(rows) else None
        return None

    def split(self, lines: Sequence[bytes], *, objects: bool = False) -> tuple[Counter[str], list[int]]:
        """Look at lines together, none of them empty, instead of one by one; `objects` where all are objects.

        How many of them are valid answers or rows of which operation, and the places of all the others, of
        which only `valid_operation` knows: lines are valid together if all that name the same resource
        have one layout.
        """
        valid: Counter[str] = Counter()
        left: list[int] = []
        for places in _by_resource(lines):
            content = b"\n".join([lines[place] for place in places])
            passed = self.whole(content, len(places) if objects else objects_in(content))
            valid.update(passed)
            left += [] if passed else places
        return valid, sorted(left)

    def whole(self, content: bytes, objects: int) -> dict[str, int]:
        """The operation that every line is a valid answer of, and how many; empty where that is not certain.

        `objects` is what `objects_in` says of the lines.
        """
        # No value goes on after a brace that closes a line where the next line opens one.
        for seen in self._seen if objects else ():
            answers = seen.layout.answers(content, objects)
            if answers and all(answers):
                self._put_first(seen)
                return {seen.kind.operation.id: objects} if seen.keep_rules(answers) else {}
        return {}

    def _put_first(self, seen: SeenLayout) -> None:
        if self._seen[0] is not seen:
            self._seen.remove(seen)
            self._seen.insert(0, seen)

    def _by_schema(self, content: bytes, line: bool, kinds: Mapping[str, RowKind]) -> str | None:
        if has_more_values(content, MAX_VALUES):
            return None
        try:
            value = orjson.loads(content)
            is_row = line and "items" not in value
            if is_row:
                kind, rows = kinds[value["attributes"]["objectType"]], [value]
                fits = kind.is_row and kind.row(value)
            else:
                rows = value["items"]
                kind = kinds[rows[0]["attributes"]["objectType"]]
                if len(rows) > MANY_ROWS:
                    # With its first row alone, a large body shows its layout in no time.
                    first = value | {"totalCount": 1, "items": rows[:1]}
                    if self._by_schema(orjson.dumps(first), line, kinds):
                        subject = self._by_layout(content, line)
                        if subject is not None:
                            return subject
                fits = kind.body(value) and value["totalCount"] == len(rows)
            valid = (
                fits
                and kind.rules.hold(list(map(kind.rules.row, rows)))
                and says_everything_once(content, value)
            )
        except (ValueError, LookupError, TypeError, OverflowError):
            return None
        if valid:
            self._remember(value, kind, is_row)
        return kind.operation.id if valid else None

    def _remember(self, value: Any, kind: RowKind, is_row: bool) -> None:
        """Have a decoder for what has the layout of this valid value."""
        model = value if is_row else value | {"items": value["items"][0]}
        named = kind.documented, f"{kind.operation.id} {is_row} {_names(model)}"
        if named in self._tried or len(self._tried) > MAX_DECODERS:
            return
        self._tried.add(named)
        try:
            if is_row:
                layout = self._layouts.row(kind.row_schema, value, kind.rules)
            else:
                layout = self._layouts.body(kind.body_schema, value, kind.rules)
        except NoLayout:
            return
        seen = SeenLayout(named, kind, is_row, layout)
        self._seen.insert(0, seen)
        del self._seen[MAX_LAYOUTS:]

    def _kind(self, operation: Operation, rules: FastRules, *, documented: bool) -> RowKind | None:
        """None where the validators are not known to read its schemas alike."""
        resource = operation.resource
        row = {"$ref": f"#/$defs/{resource}"}
        body = {"$ref": f"#/$defs/{operation.envelope}", "properties": {"items": {"items": row}}}
        read = definitions_read_alike(body, self._definitions)
        if read is None:
            return None
        definitions = _with_sampled_links(_closed(read) if documented else read)
        return RowKind(
            operation=operation,
            body_schema=body,
            row_schema=row,
            body=compiled(body | {"$defs": definitions}),
            row=compiled(row | {"$defs": definitions}),
            is_row=resource in row_operations(self._catalogue),
            rules=rules,
            documented=documented,
        )


def _by_resource(lines: Sequence[bytes]) -> list[list[int]]:
    """The places of lines that name the same resource first."""
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        at = line.find(_RESOURCE)
        if line.startswith(_OF_ENVELOPE, at):
            at = line.find(_RESOURCE, at + 1)
        groups[line[at : line.find(b"}", at)]].append(place)
    return list(groups.values())


def _names(value: JsonValue) -> JsonValue:
    """What tells one layout from another: the names of properties, and which of them are null."""
    if isinstance(value, dict):
        return {name: _names(value[name]) for name in sorted(value)}
    return value is None


def row_operations(catalogue: Catalogue) -> dict[str, Operation]:
    """The operations whose rows differ from a whole body by their objectType, by resource."""
    alone = {each.resource for each in catalogue.operations.values() if each.envelope is None}
    return {
        each.resource: each
        for each in catalogue.operations.values()
        if each.envelope is not None and each.resource not in alone
    }


def _definitions(catalogue: Catalogue) -> dict[str, SchemaObject]:
    """Every derived schema, with its references in one document."""
    return {name: in_one_document(derived.schema) for name, derived in catalogue.resources.items()}


def _closed(definitions: Mapping[str, SchemaObject]) -> dict[str, SchemaObject]:
    """The same without room for undocumented properties.

    Those break nothing, but the judge observes them; without them no body nests deeper than its schema.
    """
    return {name: {**schema, "additionalProperties": False} for name, schema in definitions.items()}


def _with_sampled_links(definitions: dict[str, SchemaObject]) -> dict[str, SchemaObject]:
    """The same, a link's address only of the form that nothing is to be said of."""
    link = definitions.get("Link")
    if link is None or "uri" not in link.get("properties", {}):
        return definitions
    uri = {**link["properties"]["uri"], "pattern": SAMPLED_LINK}
    return {**definitions, "Link": {**link, "properties": {**link["properties"], "uri": uri}}}
