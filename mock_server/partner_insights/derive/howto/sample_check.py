"""How-to pages and the tables they speak of → what their samples show: defects and disagreements."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from msgspec import structs

from partner_insights._data import schemas_dir
from partner_insights.contract.catalogue import Catalogue
from partner_insights.contract.schema_files import reference_to
from partner_insights.contract.toml_files import read_errata, read_operations
from partner_insights.derive.bundled_pages import TABLES
from partner_insights.derive.derivation import derive, pages_of, pages_read_again
from partner_insights.derive.howto.operations import ODATA, described_operations
from partner_insights.derive.howto.page import HowToPage, object_type, read_howto_page
from partner_insights.derive.howto.proposed_errata import Disagreement, PrintedBody, disagreements
from partner_insights.derive.schema import resource_schema
from partner_insights.tables import read_page
from partner_insights.tables.dialect import named_dialect
from partner_insights.tables.naming import answer_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from partner_insights.contract.model import SchemaObject

_MEANING: Final = {
    "comment": "a comment, which JSON does not have",
    "ellipsis": "something is left out",
    "placeholder": "a value that is none: left unjudged",
    "comma": "a comma too many or too few",
    "bracket": "a bracket that does not close what is open",
    "cut-off": "the sample ends before its brackets do",
    "text": "what is no part of JSON",
}
_HARMLESS: Final = frozenset({"ellipsis", "unjudged"})
_BOLD: Final = re.compile(r"\*\*`?([A-Za-z]\w+)`?\*\*")


@dataclass(frozen=True)
class PageDefect:
    """A sample, or a list of names, that is not what it should be."""

    page: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.message}"

    @property
    def is_error(self) -> bool:
        """Whether a client that copies the sample fails on it."""
        return self.code not in _HARMLESS


@dataclass(frozen=True)
class CheckedPages:
    """What the samples of some pages show."""

    samples: int
    """How many were held against a table."""
    defects: tuple[PageDefect, ...]
    unjudged: tuple[PageDefect, ...]
    disagreements: tuple[Disagreement, ...]


def check_pages(paths: Iterable[Path], dialect: str | None = None) -> CheckedPages:
    """Hold the samples of how-to pages against the tables of resource pages, given or shipped.

    The tables are read leniently and without errata. InputError for a page that cannot be read.
    """
    files = pages_read_again(paths)
    howtos = [howto for path in files if (howto := read_howto_page(path)).says_anything]
    spoken = named_dialect(dialect) if dialect else None
    tables = [path for path in files if read_page(path, spoken).resources]
    catalogue = _literal_catalogue(tables, howtos, dialect)
    bodies, unjudged = _bodies(howtos, catalogue)
    defects = [defect for howto in howtos for defect in _defects(howto)]
    errata = read_errata(schemas_dir() / "errata.toml").values()
    return CheckedPages(
        samples=len(bodies),
        defects=tuple(defects),
        unjudged=tuple(unjudged),
        disagreements=tuple(disagreements(bodies, catalogue, errata)),
    )


def _literal_catalogue(tables: list[Path], howtos: Iterable[HowToPage], dialect: str | None) -> Catalogue:
    """The shipped tables, those given, and the fields that how-to pages list themselves; no erratum."""
    folder = schemas_dir()
    shipped = folder / TABLES
    schemas = dict(derive(pages_of([shipped]), (), shipped=shipped, lenient=True).schemas)
    if tables:
        schemas |= derive(tables, (), shipped=shipped, lenient=True, dialect=dialect).schemas
    for howto in howtos:
        if howto.fields is not None:
            name = answer_name(howto.title)
            schemas[name] = resource_schema(howto.page, howto.fields, lambda _: None)
    operations = read_operations(folder / "operations.toml")
    return Catalogue.of(schemas.values(), folder, "corrected", structs.replace(operations, by_id={}))


def _bodies(howtos: Iterable[HowToPage], catalogue: Catalogue) -> tuple[list[PrintedBody], list[PageDefect]]:
    bodies: list[PrintedBody] = []
    unjudged: list[PageDefect] = []
    for howto in howtos:
        for sample in howto.samples:
            body = sample.body
            if body is None:
                continue
            schema = _schema_of(howto, body, catalogue)
            if schema is None:
                named_as = object_type(body) or (howto.answer.text if howto.answer else "nothing")
                message = f"the sample is not judged: no given table is of its resource ({named_as})"
                unjudged.append(PageDefect(howto.page, sample.line, "unjudged", message))
            else:
                bodies.append(PrintedBody(howto.page, sample, schema))
    return bodies, unjudged


def _schema_of(howto: HowToPage, body: object, catalogue: Catalogue) -> SchemaObject | None:
    """What the sample should be: an envelope and items, a resource, or a list of the page's own fields."""
    if not isinstance(body, dict):
        return None
    one = replace(howto, samples=())
    resource = object_type(body)
    if resource is None or resource not in catalogue.resources:
        schemas = {name: each.schema for name, each in catalogue.resources.items()}
        envelopes = {name: schema for name, schema in schemas.items() if "items" in schema["properties"]}
        described, _ = described_operations([one], envelopes)
        named = [str(each.entry["resource"]) for each in described]
        resource = next((name for name in named if name in catalogue.resources), None)
    if resource is None:
        return None
    item = reference_to(resource)
    if "items" in body:
        envelope = "CustomerCollection" if "links" in body and resource == "Customer" else "Collection"
        return {**reference_to(envelope), "properties": {"items": {"items": item}}}
    if isinstance(body.get(ODATA.rows), list):
        return {"properties": {ODATA.rows: {"items": item}}}
    lists = [name for name, value in body.items() if isinstance(value, list) and value]
    if howto.fields is not None and resource == answer_name(howto.title) and lists:
        return {"properties": {lists[0]: {"items": item}}}
    return item


def _defects(howto: HowToPage) -> Iterator[PageDefect]:
    for sample in howto.samples:
        for defect in sample.reading.defects:
            line = sample.line + defect.line - 1
            message = f"the sample is no JSON: {_MEANING[defect.code]} (found {defect.found!r})"
            yield PageDefect(howto.page, line, defect.code, message)
    if howto.fields is not None:
        names = {row.name for row in howto.fields.properties}
        for parameter in howto.parameters:
            for name in _BOLD.findall(parameter.description):
                halves = ((name[:place], name[place:]) for place in range(2, len(name) - 1))
                glued = next((pair for pair in halves if name not in names and set(pair) <= names), None)
                if glued is not None:
                    message = (
                        f"{name} in the list of {parameter.name} is {glued[0]} and {glued[1]} run together"
                    )
                    yield PageDefect(howto.page, parameter.line, "glued", message)
