"""The contract's values: where a constraint comes from, what it weighs, and what an operation promises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct, field

from partner_insights.contract.query.parameters import QueryOptions
from partner_insights.contract.standing import Standing as Standing

JsonValue: TypeAlias = Any
"""Whatever `json.loads` returns."""

SchemaObject: TypeAlias = Mapping[str, Any]
"""A JSON Schema (2020-12) as a parsed object."""

PROVENANCE = "x-source"
"""The one annotation key of derived schemas: page, line, cells, and the standing of every keyword."""


class Severity(StrEnum):
    """What breaking a constraint means for the verdict."""

    ERROR = "error"
    WARNING = "warning"


class Profile(StrEnum):
    """Which contract to judge by."""

    CORRECTED = "corrected"
    """The documentation with its errata; assumptions only warn."""
    LITERAL = "literal"
    """The documentation word for word: corrections switched off; assumptions only warn."""
    STRICT = "strict"
    """Corrected, and assumptions count as errors: what our own fake is held to."""

    def severity(self, standing: Standing, *, certain: bool = False) -> Severity:
        """An assumed constraint is an error under `strict` only, or where it is `certain`; any other always.

        It is certain where no honest service can break it.
        """
        if standing is Standing.ASSUMED and not certain and self is not Profile.STRICT:
            return Severity.WARNING
        return Severity.ERROR


class Source(Struct, frozen=True):
    """The documentation cell a constraint was read from."""

    page: str
    line: int
    cell: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.cell!r}"


class Constraint(Struct, frozen=True):
    """One keyword of one derived schema, with its standing and its source."""

    keyword: str
    standing: Standing
    source: Source | None
    erratum: str | None = None
    was: JsonValue = None
    """What the cell alone says, where an erratum overrules it (None: nothing)."""


class Weight(Struct, frozen=True):
    """Why breaking what is only assumed is an error in every profile, or only a warning."""

    error_because: str = ""
    """Why no honest service can break it; empty where one can."""
    warning_because: str = ""
    """Why an honest service may break it."""

    @property
    def certain(self) -> bool:
        """Whether it is an error in every profile."""
        return bool(self.error_because)


class Erratum(Struct, frozen=True):
    """A correction or an assumption: what it changes, why, and on what evidence."""

    id: str
    title: str
    standing: Standing
    reason: str
    evidence: tuple[str, ...]
    targets: tuple[ErratumTarget, ...] = ()
    weight: Weight = Weight()
    operations: tuple[str, ...] = ()
    """The operations whose requests it is about."""


class ErratumTarget(Struct, frozen=True):
    """The cell an erratum is about, the text it expects there, and the change it makes."""

    page: str
    resource: str
    property: str | None
    """None: the resource itself."""
    column: str
    cell: str | None
    """The exact text the cell must have (white space folded)."""
    contains: str | None
    """Or words the cell must contain."""
    change: Mapping[str, JsonValue]
    """Schema keywords to set; `name` renames the property; `required` is true, false or (resource) "all"."""


class ErrorCase(Struct, frozen=True):
    """A documented failure of an operation: when it happens and how it is answered."""

    case: str
    """`unauthenticated`, `app-only`, `unknown-customer`, `malformed-customer`, `not-found`, …"""
    status: int
    body: str
    """The resource that describes the body: `ErrorResponse`, `ThrottledResponse`, …"""
    code: int | str | None
    """The `code` of the body (the API writes a number as a string)."""
    description: str
    accepted: tuple[int, ...]
    """Every status the documentation allows here; the fake answers `status`."""
    headers: tuple[str, ...] = ()
    """Response headers that must be present besides the common ones."""
    sources: tuple[str, ...] = ()


class Envelope(Struct, frozen=True, rename="kebab"):
    """Which properties of a collection hold its rows, how many there are, and where the next page is."""

    rows: str = "items"
    total: str = "totalCount"
    next_link: str | None = None
    """The property with the URI of the next page; None where the body names none so."""
    counts_query: bool = False
    """Whether the total is that of the whole query, not of the page."""

    def rows_of(self, body: JsonValue) -> list[JsonValue] | None:
        """The rows in a body; None where there is no list of them."""
        rows = body.get(self.rows) if isinstance(body, dict) else None
        return rows if isinstance(rows, list) else None

    def with_rows(self, body: Mapping[str, JsonValue], rows: list[JsonValue]) -> dict[str, JsonValue]:
        """The body with other rows; the total follows."""
        total = len(rows)
        if self.counts_query and isinstance(body.get(self.total), int):
            total += body[self.total] - len(self.rows_of(body) or ())
        return {**body, self.total: total, self.rows: rows}


class Operation(Struct, frozen=True):
    """One documented request and what answers it."""

    id: str
    method: str
    path: str
    """With `{customer-id}` where the customer goes."""
    title: str
    resource: str
    """The resource of the items, or of the body itself where there is no envelope."""
    envelope: str | None
    """The collection resource around the rows."""
    auth: tuple[str, ...]
    """Which tokens are accepted: `app+user`, `app-only`."""
    query: Mapping[str, SchemaObject] = field(default_factory=dict)
    """Query parameters and their schemas."""
    options: QueryOptions = field(default_factory=QueryOptions)
    """Those of them that choose, group, order or page the rows."""
    layout: Envelope = field(default_factory=Envelope)
    """Where the envelope has its rows."""
    aliases: tuple[str, ...] = ()
    """Other paths of the same operation."""
    errors: tuple[ErrorCase, ...] = ()
    sources: tuple[str, ...] = ()
    seed: bool = False
    """One of the four licence analytics operations the product exists for."""
    synthetic: bool = False
    """Nothing is known of its data but their schemas: an operation of a page that is not ours."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, in its order."""
        return tuple(re.findall(r"{([^{}]*)}", self.path))

    @property
    def per_customer(self) -> bool:
        """Whether the path names one customer."""
        return "{customer-id}" in self.path

    def error(self, case: str) -> ErrorCase:
        """The documented answer to a case; KeyError where the operation cannot meet it."""
        for error in self.errors:
            if error.case == case:
                return error
        raise KeyError(f"operation {self.id} documents no error case {case!r}")


class Rule(Struct, frozen=True):
    """A law no single keyword can state: across the fields of a row, the rows of an answer, or answers."""

    code: str
    name: str
    standing: Standing
    statement: str
    reason: str
    resources: tuple[str, ...]
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    source: Mapping[str, str] | None = None
    """The row the rule leans on: `property`, and `resource` where it is not the judged one."""
    weight: Weight = Weight()


class Code(Struct, frozen=True):
    """A stable violation code and its explanation."""

    code: str
    title: str
    meaning: str
    how_to_accept: str
    keyword: str | None = None
    """The schema keyword this code reports, for the codes of single values."""
    standing: Standing | None = None
    """How the code's own constraint is known; None where each keyword of each cell has its own."""
    source: str | None = None
    """Where that is said, in words, for what no table cell says."""
    weight: Weight = Weight()
