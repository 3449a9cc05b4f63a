"""Sample responses against the tables they are samples of → where the two disagree, as proposed errata.

The tables are taken word for word, without any erratum: what is known already comes out again, and is marked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal

from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.schema_files import referred
from partner_insights.documents import json_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from partner_insights.contract.catalogue import Catalogue
    from partner_insights.contract.model import Erratum, SchemaObject
    from partner_insights.derive.howto.page import SampleResponse

Kind = Literal["type", "missing", "undocumented", "spelling", "casing", "date form", "value"]
_MAX_PLACES: Final = 3
"""How many places of evidence each disagreement shows."""
_DIGITS: Final = re.compile(r"\d+")
_PLACEHOLDER: Final = re.compile(r"<[^<>]*>|\{[\w -]*\}|\[[\w -]*\]")


@dataclass(frozen=True)
class Evidence:
    """One place in a sample."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Disagreement:
    """Where a table says one thing of a property and the samples another."""

    kind: Kind
    resource: str
    name: str
    """As the table spells it; as the sample does where no table has it."""
    page: str
    line: int
    """The table's row, or the resource's heading."""
    column: str
    cell: str
    change: Mapping[str, Any]
    reason: str
    evidence: tuple[Evidence, ...]
    known: str | None = None
    """The erratum that says so already."""

    def __str__(self) -> str:
        known = f" (known: {self.known})" if self.known else ""
        return f"{self.page}:{self.line}: {self.resource}.{self.name}: {self.kind}: {self.reason}{known}"


@dataclass
class _Instances:
    """What the samples show of one resource."""

    count: int = 0
    present: dict[str, list[tuple[Any, Evidence]]] = field(default_factory=dict)
    places: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True)
class PrintedBody:
    """A sample of a page, and the schema that its page says it has."""

    page: str
    sample: SampleResponse
    schema: SchemaObject


def disagreements(
    bodies: Iterable[PrintedBody], catalogue: Catalogue, errata: Iterable[Erratum]
) -> list[Disagreement]:
    """Everything that the bodies' samples and the tables of `catalogue` (without errata) disagree about."""
    seen: dict[str, _Instances] = {}
    for body in bodies:
        _Walk(body, catalogue, seen).over((), body.sample.reading.value, body.schema)
    known = list(errata)
    found = [each for name in sorted(seen) for each in _of_resource(name, seen[name], catalogue)]
    return [_marked(each, known) for each in found]


@dataclass(frozen=True)
class _Walk:
    """Goes through one sample beside its schema, and files each object under its resource."""

    body: PrintedBody
    catalogue: Catalogue
    seen: dict[str, _Instances]

    def over(self, path: tuple[str | int, ...], value: Any, schema: SchemaObject) -> None:
        schema = next((form for form in schema.get("anyOf", ()) if "$ref" in form), schema)
        resource = referred(schema) or ""
        described = self.catalogue.resources.get(resource)
        behind = described.schema if described is not None else {}
        if isinstance(value, list):
            items = schema.get("items", {})
            for place, item in enumerate(value):
                self.over((*path, place), item, items)
        elif isinstance(value, dict):
            if described is not None:
                self._file(resource, path, value)
            for name, member in value.items():
                inner = {**_row(behind, name), **schema.get("properties", {}).get(name, {})}
                self.over((*path, name), member, inner)

    def _file(self, resource: str, path: tuple[str | int, ...], value: Mapping[str, Any]) -> None:
        instances = self.seen.setdefault(resource, _Instances())
        instances.count += 1
        instances.places.append(self._evidence(path, f"a {resource}"))
        for name, member in value.items():
            shown = _as_json(member) if not isinstance(member, dict | list) else "…"
            evidence = self._evidence((*path, name), f'"{name}": {shown[:80]}')
            instances.present.setdefault(name, []).append((member, evidence))

    def _evidence(self, path: tuple[str | int, ...], text: str) -> Evidence:
        line = self.body.sample.reading.lines.get(path, 1)
        return Evidence(self.body.page, self.body.sample.line + line - 1, text)


def _row(schema: SchemaObject, name: str) -> SchemaObject:
    """The property of a name, whatever its case: a name of another case is a disagreement of its own."""
    properties: Mapping[str, SchemaObject] = schema.get("properties", {})
    if name in properties:
        return properties[name]
    return next((row for other, row in properties.items() if other.casefold() == name.casefold()), {})


def _of_resource(resource: str, instances: _Instances, catalogue: Catalogue) -> Iterator[Disagreement]:
    schema = catalogue.schema(resource)
    rows = {_documented(name, row): (name, row) for name, row in schema["properties"].items()}
    spelt = {name.casefold(): name for name in rows}
    strange = [name for name in instances.present if name not in rows]
    missing = [name for name in rows if name not in instances.present]
    heading = schema[PROVENANCE]
    recased: list[str] = []
    for name in strange:
        evidence = _some(instances.present[name])
        documented = spelt.get(name.casefold())
        near = get_close_matches(name, missing, n=1, cutoff=0.85) if documented is None else []
        if documented is not None and documented in missing:
            recased.append(documented)
            missing.remove(documented)
            reason = f"the table spells it {documented}, the samples {name}"
            yield _about(
                rows[documented][1], "casing", resource, documented, {"name": name}, reason, evidence
            )
        elif near:
            missing.remove(near[0])
            reason = f"the table says {near[0]}, the samples {name}: one of them is misspelt"
            yield _about(rows[near[0]][1], "spelling", resource, near[0], {"name": name}, reason, evidence)
        else:
            yield Disagreement(
                "undocumented", resource, name, heading["page"], heading["line"], "Property", "",
                {"type": _type_of(value for value, _ in instances.present[name])},
                "the samples send it, no row documents it", evidence,
            )  # fmt: skip
    optional = {name for name in missing if _said_optional(rows[name][1])}
    for name in missing:
        if name in optional:
            continue
        yield _missing(resource, name, rows[name][1], instances, recased)
    for name, (_, row) in rows.items():
        found = instances.present.get(name) or _recased(instances, name)
        if found:
            yield from _values(resource, name, row, found, catalogue)


def _said_optional(row: SchemaObject) -> bool:
    presence = row[PROVENANCE]["keywords"].get("presence", {})
    return presence.get("present") is False


def _missing(
    resource: str, name: str, row: SchemaObject, instances: _Instances, recased: list[str]
) -> Disagreement:
    if recased and name[:1].isupper() and all(other[:1].isupper() for other in recased):
        small = name[0].lower() + name[1:]
        reason = f"no sample shows it, but {recased[0]} beside it is spelt small"
        return _about(row, "casing", resource, name, {"name": small}, reason, tuple(instances.places[:1]))
    reason = f"none of {instances.count} in the samples has it: its presence is not promised"
    places = tuple({place.page: place for place in instances.places}.values())[:_MAX_PLACES]
    return _about(row, "missing", resource, name, {"required": False}, reason, places)


def _recased(instances: _Instances, name: str) -> list[tuple[Any, Evidence]]:
    return next(
        (found for other, found in instances.present.items() if other.casefold() == name.casefold()), []
    )


def _values(
    resource: str, name: str, row: SchemaObject, found: list[tuple[Any, Evidence]], catalogue: Catalogue
) -> Iterator[Disagreement]:
    """What the values break of the property's own keywords: one disagreement for each keyword."""
    own = {
        key: value for key, value in row.items() if key not in (PROVENANCE, "properties", "required", "$ref")
    }
    broken: dict[str, list[tuple[Any, Evidence]]] = {}
    validator = catalogue.validator(own)
    found = [(value, evidence) for value, evidence in found if not _PLACEHOLDER.fullmatch(str(value))]
    for value, evidence in found:
        for error in validator.iter_errors(value):
            if not error.absolute_path:
                broken.setdefault(str(error.validator), []).append((value, evidence))
    if "$ref" in row and any(not isinstance(value, dict | None.__class__) for value, _ in found):
        broken["type"] = [pair for pair in found if not isinstance(pair[0], dict)]
    for keyword, pairs in broken.items():
        values = [value for value, _ in pairs]
        if keyword == "type":
            sent = _type_of(values)
            reason = f"the table says {_cell(row, 'Type')}, the samples send {sent}"
            yield _about(row, "type", resource, name, {"type": sent}, reason, _some(pairs), "Type")
        elif keyword == "format" and row.get("format") in ("date-time", "date"):
            reason = f"the table says {_cell(row, 'Type')}, the samples' form is another"
            yield _about(
                row, "date form", resource, name, {"examples": _forms(values)}, reason, _some(pairs), "Type"
            )
        else:
            reason = f"the samples break {keyword} = {_as_json(row.get(keyword))}"
            wider = _widened(keyword, row, values)
            change = {} if wider == row.get(keyword) else {keyword: wider}
            yield _about(row, "value", resource, name, change, reason, _some(pairs), _column(row, keyword))
    if row.get("format") == "date-time" and not broken:
        shown = _forms([value for value, _ in found if isinstance(value, str)])
        known = {_DIGITS.sub("0", str(each)) for each in row.get("examples", ())}
        if shown and not {_DIGITS.sub("0", form) for form in shown} <= known:
            reason = f"the table says {_cell(row, 'Type')} without showing its form; the samples do"
            yield _about(row, "date form", resource, name, {"examples": shown}, reason, _some(found), "Type")


def _about(
    row: SchemaObject,
    kind: Kind,
    resource: str,
    name: str,
    change: Mapping[str, Any],
    reason: str,
    evidence: tuple[Evidence, ...],
    column: str = "Property",
) -> Disagreement:
    place = row[PROVENANCE]
    cell = _cell(row, column)
    return Disagreement(
        kind, resource, name, place["page"], place["line"], column, cell, change, reason, evidence
    )


def _documented(name: str, row: SchemaObject) -> str:
    """The name as the table spells it, before any rule of ours."""
    return _plain(_cell(row, "Property")) or name


def _plain(cell: str) -> str:
    return cell.strip("*`_ ").split(" ")[0]


def _cell(row: SchemaObject, column: str) -> str:
    cells: Mapping[str, str] = row[PROVENANCE]["cells"]
    if column == "Property" and column not in cells:
        return next(iter(cells.values()), "")
    return " ".join(cells.get(column, "").split())


def _column(row: SchemaObject, keyword: str) -> str:
    note = row[PROVENANCE]["keywords"].get(keyword, {})
    return str(note.get("column", "Type"))


def _type_of(values: Iterable[Any]) -> str:
    kinds = set(map(json_type, values))
    kinds -= {"null"} if len(kinds) > 1 else set()
    return "number" if kinds == {"integer", "number"} else sorted(kinds)[0]


def _forms(values: Iterable[Any]) -> list[str]:
    """One value of each form: alike but for their digits."""
    forms: dict[str, str] = {}
    for value in values:
        forms.setdefault(_DIGITS.sub("0", str(value)), str(value))
    return list(forms.values())


def _widened(keyword: str, row: SchemaObject, values: list[Any]) -> Any:
    """The keyword's value with which the samples would hold, but for null, which TOML does not have."""
    values = [value for value in values if value is not None]
    if not values:
        return row.get(keyword)
    if keyword == "enum":
        return [*row["enum"], *dict.fromkeys(value for value in values if value not in row["enum"])]
    if keyword == "const":
        return values[0]
    if keyword in ("minimum", "minLength"):
        return min(value if keyword == "minimum" else len(value) for value in values)
    if keyword in ("maximum", "maxLength"):
        return max(value if keyword == "maximum" else len(value) for value in values)
    return row.get(keyword)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _some(found: list[tuple[Any, Evidence]]) -> tuple[Evidence, ...]:
    """A few places, of different texts where there are such."""
    by_text = {evidence.text: evidence for _, evidence in reversed(found)}
    return tuple(sorted(by_text.values(), key=lambda each: (each.page, each.line)))[:_MAX_PLACES]


def _marked(found: Disagreement, errata: Iterable[Erratum]) -> Disagreement:
    """The disagreement with the erratum that says so: one that says the same before one about the same."""
    about = [
        (target.change, erratum.id)
        for erratum in errata
        for target in erratum.targets
        if (target.resource, target.property) == (found.resource, found.name)
        and set(target.change) & set(found.change)
    ]
    same = [known for change, known in about if dict(change) == dict(found.change)]
    known = next(iter([*same, *(known for _, known in about)]), None)
    return Disagreement(**{**found.__dict__, "known": known})
