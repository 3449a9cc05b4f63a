"""Documentation pages and errata → derived schemas, or the reasons why not."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.literal import write_required
from partner_insights.contract.model import PROVENANCE, Erratum
from partner_insights.contract.schema_files import file_name
from partner_insights.derive.casing import apply_wire_case
from partner_insights.derive.errata import apply_errata
from partner_insights.derive.example_check import drop_invalid_examples
from partner_insights.derive.references import (
    Definition,
    References,
    inherited,
    referred_to,
    without_list,
)
from partner_insights.derive.row_accounts import RowAccount, counts_of, row_accounts
from partner_insights.derive.schema import Schema, resource_schema
from partner_insights.derive.schema_names import schema_names
from partner_insights.errors import InputError
from partner_insights.tables import Diagnostic, Page, read_page
from partner_insights.tables.dialect import named_dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from partner_insights.derive.keywords import EnumSource
    from partner_insights.tables import TypeExpression
    from partner_insights.tables.diagnostics import Level

_KEY_ORDER = (
    "$schema", "$id", "title", "description", "$ref", "anyOf", "type", "format", "const", "enum", "minimum",
    "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "items", "examples",
)  # fmt: skip
_LAST_KEYS = ("properties", "required", PROVENANCE)


@dataclass(frozen=True)
class Derivation:
    """The schemas of some pages, by resource, and what could not be read for certain."""

    pages: tuple[str, ...]
    schemas: Mapping[str, Schema]
    diagnostics: tuple[Diagnostic, ...]
    rows: tuple[RowAccount, ...] = ()
    """Every row of the pages' tables, and what became of it."""

    @property
    def counts(self) -> dict[str, int]:
        """Resources, rows, and how many rows became what."""
        return counts_of(
            self.rows, sum(schema[PROVENANCE]["page"] in self.pages for schema in self.schemas.values())
        )

    def files(self) -> dict[str, bytes]:
        """What to write: file name → content. The same derivation gives the same bytes."""
        return {file_name(name): to_bytes(schema) for name, schema in self.schemas.items()}


class DerivationFailed(InputError):
    """Pages that cannot be read for certain; carries every diagnostic."""

    def __init__(self, diagnostics: Iterable[Diagnostic], rows: Iterable[RowAccount] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        self.rows = tuple(rows)
        errors = [str(diagnostic) for diagnostic in self.diagnostics if diagnostic.level == "error"]
        super().__init__("\n".join(errors))


def pages_of(paths: Iterable[Path]) -> list[Path]:
    """The pages meant by files and folders; InputError for one that is neither, or a folder without pages."""
    pages: list[Path] = []
    for path in paths:
        found = sorted([*path.rglob("*.md"), *path.rglob("*.mdx")]) if path.is_dir() else [path]
        if not found:
            raise InputError("holds no page (*.md)", where=str(path))
        pages += found
    return pages


def pages_read_again(paths: Iterable[Path]) -> list[Path]:
    """The same, for who reads a page more than once; InputError for a pipe, which gives its bytes once."""
    pages = pages_of(paths)
    for page in pages:
        if page.exists() and not page.is_file():
            raise InputError(
                "is a pipe or a device, and a page is read more than once here",
                where=str(page),
                remedy="give a file",
            )
    return pages


def derive(
    paths: Iterable[Path],
    errata: Iterable[Erratum],
    *,
    shipped: Path,
    lenient: bool = False,
    wire_case: bool = False,
    dialect: str | None = None,
) -> Derivation:
    """Derive every resource of the pages at `paths`, and the shipped ones they refer to.

    Without the name (or file) of a dialect, each page is in that it shows signs of. A name that several
    pages define is told apart by their file names. With `wire_case`, names that no erratum has renamed begin
    as the wire spells them (see `casing`). Among several pages, those without a resource are passed over with
    a warning.

    Raises DerivationFailed with every diagnostic when a page is not certain (unless `lenient`: then what is
    not certain is left without constraint) or is translated by a machine, ErratumError when an erratum does
    not fit, InputError for an unreadable page. Nothing is written here.
    """
    paths = list(paths)
    spoken = named_dialect(dialect) if dialect else None
    pages = [read_page(path, spoken) for path in paths]
    references = References(pages, shipped, paths)
    diagnostics = _of_pages(pages)
    definitions, unresolved = _followed(pages, references)
    diagnostics += [found for several in unresolved.values() for found in several]
    rows = tuple(
        row
        for page in pages
        for row in row_accounts(page, [*page.diagnostics, *unresolved.get(id(page), ())])
    )
    names, repeated = schema_names(definitions, dict(zip(map(id, pages), paths, strict=True)))
    diagnostics += repeated
    schemas: dict[str, Schema] = {}
    for each in definitions:
        if (name := names[id(each.resource)]) not in schemas:
            schemas[name] = _schema(each, references, names)
    diagnostics.sort(key=lambda diagnostic: (diagnostic.page, diagnostic.line))
    graves = [found for found in diagnostics if found.level == "error"]
    if any(found.code == "translated-page" or not lenient for found in graves):
        raise DerivationFailed(diagnostics, rows)
    apply_errata(schemas, {page.name for page in pages}, errata)
    for schema in schemas.values():
        if wire_case:
            apply_wire_case(schema)
        write_required(schema)
    diagnostics += [found for schema in schemas.values() for found in drop_invalid_examples(schema)]
    return Derivation(
        pages=tuple(page.name for page in pages),
        schemas={name: _ordered(schemas[name]) for name in sorted(schemas)},
        diagnostics=tuple(sorted(diagnostics, key=lambda diagnostic: (diagnostic.page, diagnostic.line))),
        rows=rows,
    )


def _of_pages(pages: list[Page]) -> list[Diagnostic]:
    """What the pages say of themselves; that one of several has no resource is no error."""
    several = sum(bool(page.resources) for page in pages) > 0 and len(pages) > 1
    return [
        replace(found, level="warning") if several and found.code == "no-resource-table" else found
        for page in pages
        for found in page.diagnostics
    ]


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """A derived JSON document as the bytes that are committed."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _followed(
    pages: Iterable[Page], references: References
) -> tuple[list[Definition], dict[int, list[Diagnostic]]]:
    """The resources of the pages and the shipped ones they refer to; the references that lead nowhere,
    by the id() of their page."""
    definitions = [Definition(page, resource) for page in pages for resource in page.resources]
    known = {id(definition.resource) for definition in definitions}
    unresolved: dict[int, list[Diagnostic]] = {}
    for definition in definitions:  # grows on the way
        page, resource = definition.page, definition.resource
        rows = {row.name: row for row in resource.properties}
        of_page = unresolved.setdefault(id(page), [])
        for name, expression in referred_to(resource).items():
            found = references.find(expression, page)
            if found is None:
                if references.find_values(expression, page) is None and not rows[name].facts.values:
                    line, text = rows[name].line, expression.name or ""
                    of_page.append(
                        _complaint("open", page, line, text, expression.target)
                        if references.has_section(expression, page)
                        else _complaint("unresolved", page, line, text, expression.target)
                    )
            elif id(found.resource) not in known:
                known.add(id(found.resource))
                definitions.append(found)
        of_page += [
            _complaint("unlisted", page, line, text, target)
            for line, text, target in without_list(resource, references, page)
        ]
    return definitions, unresolved


def _schema(
    definition: Definition, references: References, names: Mapping[int, str], bases: bool = True
) -> Schema:
    def resolve(expression: TypeExpression) -> str | EnumSource | None:
        found = references.find(expression, definition.page)
        if found is None:
            return references.find_values(expression, definition.page)
        return names.get(id(found.resource), found.resource.name)

    schema = resource_schema(
        definition.page.name, definition.resource, resolve, names[id(definition.resource)]
    )
    for base in inherited(definition, references) if bases else ():
        for name, row in _schema(base, references, names, bases=False)["properties"].items():
            schema["properties"].setdefault(name, row)
    return schema


_COMPLAINTS: Final[Mapping[str, tuple[Level, str, str, str]]] = {
    "unlisted": (
        "warning",
        "unresolved-values",
        "the description refers to a list of values that no given page has",
        "a table Value | Description under a heading, on this page or another given one",
    ),
    "open": (
        "note",
        "uncertain",
        "the Type cell leads to a section that has no table of its own: its type is left open",
        "a resource, or a list of values, at the heading that the link leads to",
    ),
    "unresolved": (
        "error",
        "unresolved-reference",
        "the Type cell refers to a resource that no given page defines",
        "a resource of this page, of another given page, or of a shipped one",
    ),
}
"""Level, code, message, and what a page may hold instead, of a reference that leads nowhere."""


def _complaint(kind: str, page: Page, line: int, text: str, target: str | None) -> Diagnostic:
    level, code, message, accepted = _COMPLAINTS[kind]
    found = f"{text} ({target})" if target else text
    return Diagnostic(level, code, page.name, line, found, accepted, message)


def _ordered(schema: Schema) -> Schema:
    """The schema with its keys in one fixed, readable order."""

    def keys() -> Iterator[str]:
        yield from (key for key in _KEY_ORDER if key in schema)
        yield from sorted(schema.keys() - {*_KEY_ORDER, *_LAST_KEYS})
        yield from (key for key in _LAST_KEYS if key in schema)

    return {key: _ordered_value(key, schema[key]) for key in keys()}


def _ordered_value(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _ordered(row) for name, row in value.items()}
    if key == "items":
        return _ordered(value)
    return value
