"""Two editions of pages, or of derived schemas → what changed, how much it matters, and errata touched."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from partner_insights.contract.model import PROVENANCE, Erratum
from partner_insights.contract.schema_files import SCHEMA_SUFFIX
from partner_insights.derive.derivation import Derivation, derive, pages_read_again
from partner_insights.derive.renames import renamed, with_names
from partner_insights.documents import json_value
from partner_insights.errors import InputError
from partner_insights.file_reader import opened, read_input
from partner_insights.tables import Page, Resource, read_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


_FRONT_MATTER = 4_000
_TRANSLATED = re.compile(r"\A---\n(?:(?!---).*\n)*?ms\.translationtype: *[\"']?mt\b", re.IGNORECASE)


class Level(IntEnum):
    """How much a change matters to a client, the least first."""

    WIRE_IRRELEVANT = 0
    """Wording: nothing on the wire is another."""
    COMPATIBLE = 1
    """Something came besides; who reads what there was still can."""
    TRANSLATION = 2
    """A machine translated the page: its names are no names any more."""
    BREAKING = 3
    """What a client reads is gone, or of another kind."""

    @property
    def label(self) -> str:
        """The level as it is written in reports and options."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True)
class Change:
    """One change; `before` and `after` are the cells (None: there was none, or is none any more)."""

    level: Level
    resource: str
    name: str | None
    """The property; None where the change is about the resource."""
    aspect: str
    """The keyword, or what else changed: `name`, `page`, `property`, `resource`, `wording`."""
    column: str
    before: str | None
    after: str | None
    place: str
    """`page:line` in the new edition, or in the old one where it is gone."""
    meaning: tuple[str, str] | None = None
    """What was read out of both cells, where they say the same."""

    @property
    def subject(self) -> str:
        """The resource, or its property."""
        return self.resource if self.name is None else f"{self.resource}.{self.name}"


@dataclass(frozen=True)
class ErratumToReview:
    """An erratum whose cell changed: whether it still fits, and why it needs another look."""

    erratum: str
    title: str
    subject: str
    column: str
    expected: str
    found: str | None
    fits: bool


@dataclass(frozen=True)
class EditionDiff:
    """All changes from one edition to another, the gravest first, and the errata they touch."""

    changes: tuple[Change, ...]
    errata: tuple[ErratumToReview, ...]

    @property
    def level(self) -> Level | None:
        """The gravest change's; None where there is none."""
        return max((change.level for change in self.changes), default=None)


def compare(
    old: Path, new: Path, errata: Iterable[Erratum], *, shipped: Path, dialect: str | None = None
) -> EditionDiff:
    """Compare pages (a file or a folder of them), or folders of derived schemas.

    What is not certain on a page counts as undetermined. A resource under another name, or on another page,
    is followed where most of its rows are the same. InputError where there is nothing to compare.
    """
    originals, editions = _files(old), _files(new)
    if dialect is not None and not originals and not editions:
        raise InputError(
            "a dialect is about pages, and these are derived schemas",
            where="--dialect",
            remedy="leave it out, or compare the pages",
        )
    known = {path.name for path in originals if _is_translated(path)}
    translated = [path for path in editions if path.name not in known and _is_translated(path)]
    changes = list(_translations(originals, translated))
    names = {path.name for path in translated}
    if editions and len(names) == len(editions):  # nothing is left to compare
        return EditionDiff(tuple(changes), ())
    before = _schemas(old, [path for path in originals if path.name not in names], shipped, dialect)
    after = _schemas(new, [path for path in editions if path not in translated], shipped, dialect)
    moved = renamed(before, after)
    before = {name: with_names(schema, moved) for name, schema in before.items()}
    changes += _resources(before, after, moved)
    changes.sort(key=lambda change: -change.level)
    return EditionDiff(tuple(changes), tuple(_looks(before, after, errata)))


# Reading


def _schemas(
    path: Path, pages: list[Path], shipped: Path, dialect: str | None
) -> Mapping[str, dict[str, Any]]:
    if not pages:
        files = sorted(path.glob(f"*{SCHEMA_SUFFIX}")) if path.is_dir() else [path]
        return {schema["title"]: schema for schema in map(_read, files)}
    derivation: Derivation = derive(pages, (), shipped=shipped, lenient=True, dialect=dialect)
    own = set(derivation.pages)
    found = {name: schema for name, schema in derivation.schemas.items() if schema[PROVENANCE]["page"] in own}
    if not found:
        raise InputError(
            "has no resource to compare", where=str(path), remedy="give a page, or a derived folder"
        )
    return found


def _files(path: Path) -> list[Path]:
    """The pages of an edition; none where it is one of derived schemas."""
    is_derived = path.suffix == ".json" or (path.is_dir() and any(path.glob(f"*{SCHEMA_SUFFIX}")))
    return [] if is_derived else pages_read_again([path])


def _read(path: Path) -> dict[str, Any]:
    try:
        schema = json_value(read_input(path))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from error
    if not isinstance(schema, dict) or not {"title", "properties", PROVENANCE} <= schema.keys():
        raise InputError("is not a derived schema", where=str(path))
    return schema


def _is_translated(path: Path) -> bool:
    """Whether the front matter of a page says that a machine translated it."""
    try:
        with opened(path) as page:
            head = page.read(_FRONT_MATTER).decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    return _TRANSLATED.search(head) is not None


# Comparing


def _resources(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]], moved: Mapping[str, str]
) -> Iterator[Change]:
    pages = {schema[PROVENANCE]["page"] for schema in after.values()}
    for name, schema in before.items():
        now = after.get(moved.get(name, name))
        if now is None:
            yield Change(Level.BREAKING, name, None, "resource", "Heading", name, None, _place(schema))
            continue
        if name in moved:
            yield _irrelevant(moved[name], "name", name, moved[name], now)
        was, page = schema[PROVENANCE]["page"], now[PROVENANCE]["page"]
        if was != page and was not in pages and len(pages) > 1:
            yield _irrelevant(moved.get(name, name), "page", was, page, now)
        yield from _properties(moved.get(name, name), schema, now)
    for name, schema in after.items():
        if name not in before and name not in moved.values():
            yield Change(Level.COMPATIBLE, name, None, "resource", "Heading", None, name, _place(schema))


def _irrelevant(resource: str, aspect: str, was: str, now: str, schema: dict[str, Any]) -> Change:
    return Change(Level.WIRE_IRRELEVANT, resource, None, aspect, "Heading", was, now, _place(schema))


def _properties(resource: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    if before.get("description") != after.get("description"):
        texts = before.get("description"), after.get("description")
        yield Change(Level.WIRE_IRRELEVANT, resource, None, "wording", "Heading", *texts, _place(after))
    for name, row in before["properties"].items():
        if name in after["properties"]:
            yield from _row(resource, name, row, after["properties"][name])
        else:
            cell = _first_cell(row)
            yield Change(Level.BREAKING, resource, name, "property", cell[0], cell[1], None, _place(row))
    for name, row in after["properties"].items():
        if name not in before["properties"]:
            cell = _first_cell(row)
            yield Change(Level.COMPATIBLE, resource, name, "property", cell[0], None, cell[1], _place(row))


def _row(resource: str, name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    reported: set[str] = set()
    for aspect, level, column in _constraints(before, after):
        reported.add(column)
        if level is Level.BREAKING and _only_known(aspect, column, before, after):
            level = Level.COMPATIBLE
        yield _change(level, resource, name, aspect, column, before, after)
    was, now = _cells(before), _cells(after)
    for column in {**was, **now}:
        if was.get(column) != now.get(column) and column not in reported:
            yield _change(Level.WIRE_IRRELEVANT, resource, name, "wording", column, before, after)


def _change(
    level: Level,
    resource: str,
    name: str,
    aspect: str,
    column: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> Change:
    texts = _cells(before).get(column), _cells(after).get(column)
    meaning = None
    if aspect != "wording" and texts[0] == texts[1]:  # what they lead to, or another column, has changed
        meaning = _meaning(before, aspect), _meaning(after, aspect)
    return Change(level, resource, name, aspect, column, *texts, _place(after), meaning)


_PRESENCE = {True: "always there", False: "may be absent", None: "not said"}


_UNKNOWN = ("not said", "{}")


def _meaning(row: dict[str, Any], aspect: str) -> str:
    """What the schema of a property says of one aspect, or that of its items."""
    if aspect == "presence":
        return _PRESENCE[_presence(row)]
    items = row.get("items")
    value = row.get(aspect, items.get(aspect) if isinstance(items, dict) else None)
    return "not said" if value is None else json.dumps(_bare(value), ensure_ascii=False)


_LOWER_BOUNDS = {"minimum", "exclusiveMinimum", "minLength"}
_UPPER_BOUNDS = {"maximum", "exclusiveMaximum", "maxLength"}
_SILENT = {"description", "examples", PROVENANCE, "properties", "required", "items"}
_ANNOTATIONS = {"deprecated", "readOnly"}


def _constraints(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Level, str]]:
    """The keywords that differ, how much each matters, and the column that states it."""
    # A format and a pattern go with their type: another type is one change, not two.
    with_type = {"format", "pattern"} if before.get("type") != after.get("type") else set()
    for keyword in sorted((before.keys() | after.keys()) - _SILENT - with_type):
        was, now = before.get(keyword), after.get(keyword)
        if was != now:
            level = Level.COMPATIBLE if keyword in _ANNOTATIONS else _gravity(keyword, was, now)
            yield keyword, level, _column(keyword, after if now is not None else before)
    if _presence(before) != _presence(after):
        stated = after if "presence" in after[PROVENANCE]["keywords"] else before
        yield "presence", Level.BREAKING, _column("presence", stated)
    was, now = _bare(before.get("items")), _bare(after.get("items"))
    if was and now and was != now and _without(was, "enum") == _without(now, "enum"):
        stated = after["items"] if "enum" in now else before["items"]
        yield "enum", _gravity("enum", was.get("enum"), now.get("enum")), _column("enum", stated)
    elif was != now:
        yield "items", Level.BREAKING, _column("type", after)
    if _bare(before.get("properties")) != _bare(after.get("properties")):
        yield "const", Level.BREAKING, _column("required", after)


_TYPES = {"type", "$ref", "anyOf"}


def _only_known(aspect: str, column: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether more, or less, is known of a property than before, and nothing else is said.

    The cell is the same, and what it leads to was read in one edition alone; or one edition alone has a
    column of such cells; or its type is read at last.
    """
    if aspect in _TYPES and _TYPES.isdisjoint(before):
        return True
    unknown = [_meaning(row, aspect) in _UNKNOWN for row in (before, after)]
    was, now = (_cells(row).get(column) for row in (before, after))
    return any(unknown) and (was == now or None in (was, now))


def _gravity(keyword: str, was: Any, now: Any) -> Level:
    """A constraint that allows all it allowed before, and maybe more, is compatible; any other breaks."""
    if keyword == "enum" and was is not None:
        wider = now is None or {json.dumps(value) for value in was} <= {json.dumps(value) for value in now}
        return Level.COMPATIBLE if wider else Level.BREAKING
    if keyword in _LOWER_BOUNDS | _UPPER_BOUNDS:
        if now is None:
            return Level.COMPATIBLE
        if was is not None and (now < was if keyword in _LOWER_BOUNDS else now > was):
            return Level.COMPATIBLE
    return Level.BREAKING


def _presence(row: dict[str, Any]) -> bool | None:
    note = row[PROVENANCE]["keywords"].get("presence")
    return None if note is None else bool(note["present"])


def _bare(part: Any) -> Any:
    """A subschema without what says nothing of the wire."""
    if isinstance(part, dict):
        return {
            key: _bare(value)
            for key, value in part.items()
            if key not in (PROVENANCE, "description", "examples")
        }
    return part


def _without(part: dict[str, Any], keyword: str) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != keyword}


def _column(keyword: str, row: dict[str, Any]) -> str:
    note = row[PROVENANCE]["keywords"].get(keyword)
    return str(note["column"]) if note else "Type"


def _cells(row: dict[str, Any]) -> Mapping[str, str]:
    cells: Mapping[str, str] = row[PROVENANCE]["cells"]
    return cells


def _first_cell(row: dict[str, Any]) -> tuple[str, str]:
    return next(iter(_cells(row).items()))


def _place(schema: dict[str, Any]) -> str:
    return f"{schema[PROVENANCE]['page']}:{schema[PROVENANCE]['line']}"


# Translations


def _translations(old: list[Path], new: list[Path]) -> Iterator[Change]:
    """The cells of translated pages beside those of the originals, row by row: their names cannot
    be trusted."""
    originals = {path.name: path for path in old}
    only = next(iter(originals.values()), None)
    for path in new:
        source = originals.get(path.name) or only
        original = None if source is None else read_page(source)
        page = read_page(path)
        for was, now in zip(original.resources if original else (), page.resources, strict=False):
            yield from _translated_rows(page, was, now)
        if original is None or not original.resources:
            words, place = "translated by a machine", f"{page.name}:1"
            yield Change(Level.TRANSLATION, page.name, None, "page", "Heading", None, words, place)


def _translated_rows(page: Page, was: Resource, now: Resource) -> Iterator[Change]:
    for before, after in zip(was.properties, now.properties, strict=False):
        for (column, text), other in zip(before.cells.items(), after.cells.values(), strict=False):
            if text != other:
                place = f"{page.name}:{after.line}"
                yield Change(Level.TRANSLATION, was.name, before.name, "wording", column, text, other, place)


# Errata


def _looks(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]], errata: Iterable[Erratum]
) -> Iterator[ErratumToReview]:
    for erratum in errata:
        for target in erratum.targets:
            if target.property is None or target.resource not in before:
                continue
            was = _cell(before[target.resource], target.property, target.column)
            now = _cell(after.get(target.resource), target.property, target.column)
            if was == now:
                continue
            fits = now is not None and (
                now == target.cell if target.cell is not None else (target.contains or "") in now
            )
            expected = target.cell if target.cell is not None else f"… {target.contains} …"
            subject = f"{target.resource}.{target.property}"
            yield ErratumToReview(erratum.id, erratum.title, subject, target.column, expected, now, fits)


def _cell(schema: dict[str, Any] | None, name: str, column: str) -> str | None:
    for key, row in (schema or {"properties": {}})["properties"].items():
        if row[PROVENANCE]["keywords"].get("name", {}).get("was", key) == name:
            return " ".join(_cells(row).get(column, "").split())
    return None
