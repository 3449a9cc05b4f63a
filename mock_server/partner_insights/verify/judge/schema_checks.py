"""A JSON value and the schema it is promised to have → which keywords it breaks, in the words of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from partner_insights.contract import Standing
from partner_insights.contract.schema_files import referred
from partner_insights.verify.judge.violation import Finding, Observation, display_value, pointer_of, shortened

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Constraint, JsonValue, SchemaObject
    from partner_insights.contract.schema_errors import SchemaError

MAX_FINDINGS = 2_000
"""Findings of one body: one with more is hostile, and looking for all of them takes minutes."""
LINKS = "links"


def schema_findings(value: JsonValue, schema: SchemaObject, catalogue: Catalogue) -> Iterator[Finding]:
    """One finding for each keyword that the value breaks, up to MAX_FINDINGS; then the first one says so."""
    found = list(islice(_all_findings(value, schema, catalogue), MAX_FINDINGS + 1))
    if len(found) > MAX_FINDINGS:
        more = f"there are more than {MAX_FINDINGS:,} findings in this body, the rest of which was not read"
        found = [replace(found[0], message=f"{found[0].message}; {more}"), *found[1:-1]]
    yield from found


def _all_findings(value: JsonValue, schema: SchemaObject, catalogue: Catalogue) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for error in catalogue.errors(value, schema):
        for finding in _findings(error, catalogue):
            # A property under `$ref` and beside it can be required by both; once is enough.
            key = (finding.code, finding.pointer, finding.message)
            if key not in seen:
                seen.add(key)
                yield finding


def without_null_links(value: JsonValue) -> JsonValue:
    """A body in which a link that is null is absent: serialisers write it so where there is no such page."""
    if isinstance(value, dict):
        return {
            name: _links_that_are(member) if name == LINKS else without_null_links(member)
            for name, member in value.items()
            if name != LINKS or member is not None
        }
    return [without_null_links(each) for each in value] if isinstance(value, list) else value


def _links_that_are(links: JsonValue) -> JsonValue:
    if not isinstance(links, dict):
        return links
    return {name: link for name, link in links.items() if link is not None}


def _findings(error: SchemaError, catalogue: Catalogue) -> Iterator[Finding]:
    path, keyword, stated, instance, subschema = error
    if keyword == "required" and isinstance(instance, Mapping):
        for name in stated:
            if name not in instance:
                constraint = catalogue.constraint(subschema, keyword, name)
                promised = explain_constraint(constraint, name, catalogue)
                message = f"{promised}; it is missing{_near_miss(name, instance)}"
                yield _finding(constraint, (*path, name), message, "", catalogue)
        return
    constraint = catalogue.constraint(subschema, keyword)
    sent = display_value(instance)
    yield _finding(
        constraint,
        path,
        f"{explain_constraint(constraint, stated, catalogue)}; the service sent {sent}",
        sent,
        catalogue,
    )


def _finding(
    constraint: Constraint, path: tuple[str | int, ...], message: str, value: str, catalogue: Catalogue
) -> Finding:
    """A missing property is pointed at where it should be."""
    erratum = catalogue.errata.get(constraint.erratum or "")
    return Finding(
        code=catalogue.code_of_keyword(constraint.keyword).code,
        pointer=pointer_of(*path),
        message=message,
        standing=constraint.standing,
        source=constraint.source,
        erratum=constraint.erratum,
        value=value,
        certain=erratum is not None and erratum.weight.certain,
    )


def _near_miss(name: str, instance: Mapping[str, JsonValue]) -> str:
    """A hint where a property is there under another spelling."""
    for other in instance:
        if other.casefold() == name.casefold():
            return f", but there is {shortened(other)!r}: names are case-sensitive"
    return ""


class _Documented(NamedTuple):
    """What some schemas say of one place together."""

    properties: Mapping[str, list[SchemaObject]] | None
    """The schemas of each property; None where they speak of no object."""
    items: list[SchemaObject]


def _documented(schemas: list[SchemaObject], catalogue: Catalogue) -> _Documented:
    parts = [each for schema in schemas for each in catalogue.followed(schema)]
    properties: dict[str, list[SchemaObject]] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            properties.setdefault(name, []).append(schema)
    is_object = any("properties" in part for part in parts)
    return _Documented(
        properties if is_object else None, [part["items"] for part in parts if "items" in part]
    )


Path: TypeAlias = "tuple[str | int, ...]"


def undocumented(
    value: JsonValue, schema: SchemaObject, catalogue: Catalogue, operation: str
) -> Iterator[Observation]:
    """Properties that no page lists, each once for all items: observed, never held against the service."""
    return _Undocumented(catalogue, operation).within(value, [schema], (), ())


class _Undocumented:
    """Goes through one body, whose depth is bounded where it is read."""

    def __init__(self, catalogue: Catalogue, operation: str) -> None:
        self._catalogue = catalogue
        self._operation = operation
        self._known: dict[tuple[int, ...], _Documented] = {}
        self._seen: set[Path] = set()

    def within(
        self, value: JsonValue, schemas: list[SchemaObject], path: Path, pattern: Path
    ) -> Iterator[Observation]:
        """`pattern` is the path, each index in it 0."""
        kind = tuple(map(id, schemas))
        if kind not in self._known:
            self._known[kind] = _documented(schemas, self._catalogue)
        properties, items = self._known[kind]
        if isinstance(value, list):
            for index in range(len(value) - 1, -1, -1) if items else ():
                if isinstance(value[index], (dict, list)):
                    yield from self.within(value[index], items, (*path, index), (*pattern, 0))
        elif isinstance(value, dict) and properties is not None:
            deeper: list[str] = []
            for name, member in value.items():
                if name not in properties:
                    if (*pattern, name) not in self._seen:
                        self._seen.add((*pattern, name))
                        yield _undocumented(self._operation, pointer_of(*path, name), member)
                elif member and isinstance(member, (dict, list)):
                    deeper.append(name)
            for name in reversed(deeper):
                yield from self.within(value[name], properties[name], (*path, name), (*pattern, name))


def _undocumented(operation: str, pointer: str, value: JsonValue) -> Observation:
    message = f"no page lists this property; it holds {display_value(value)}"
    return Observation("undocumented-property", operation, pointer, message)


KEYWORD_TEXTS: Mapping[str, Callable[[Any], str]] = {
    # What a keyword says, as the second half of "the page says …".
    "type": lambda value: " or ".join(value) if isinstance(value, list) else str(value),
    "required": lambda name: f"that {name!r} is there",
    "const": display_value,
    "format": lambda value: f"a {value}",
    "minimum": lambda value: f"at least {value}",
    "maximum": lambda value: f"at most {value}",
    "exclusiveMinimum": lambda value: f"more than {value}",
    "exclusiveMaximum": lambda value: f"less than {value}",
    "multipleOf": lambda value: "a whole number" if value == 1 else f"a multiple of {value}",
    "enum": lambda value: f"one of {', '.join(display_value(member) for member in value)}",
    "minLength": lambda value: f"at least {value} characters",
    "maxLength": lambda value: f"at most {value} characters",
    "pattern": lambda value: f"a text like {value}",
    "anyOf": lambda forms: " or ".join(_form(form) for form in forms),
}


def _form(form: Mapping[str, Any]) -> str:
    return referred(form) or str(form.get("type", "something"))


def explain_constraint(constraint: Constraint, stated: Any, catalogue: Catalogue) -> str:
    """What the contract says; `stated` is the keyword's value, for `required` the missing property's name."""
    says = KEYWORD_TEXTS[constraint.keyword]
    source = constraint.source
    place = f" ({source.page}:{source.line})" if source is not None else ""
    if constraint.standing is Standing.DOCUMENTED:
        return f"the page says {says(stated)}{place}"
    erratum = catalogue.errata.get(constraint.erratum or "")
    because = f", because {_clause(erratum.reason)}" if erratum is not None else ""
    if constraint.standing in (Standing.ASSUMED, Standing.SAMPLED):
        who = f"assumption {erratum.id} says" if erratum is not None else "we assume"
        if constraint.standing is Standing.SAMPLED and erratum is not None:
            who = f"every published sample shows ({erratum.id})"
        return f"no page says so{place}; {who} {says(stated)}{because}"
    who = f"erratum {erratum.id} says" if erratum is not None else "we say"
    # What a presence was is no name of a property, and an addition was nothing before.
    before = (
        says(constraint.was)
        if constraint.was is not None and constraint.keyword != "required"
        else "otherwise"
    )
    return f"the page says {before}{place}; {who} {says(stated)}{because}"


def _clause(sentence: str) -> str:
    """A reason's sentence as the end of another one."""
    first, rest = sentence[:1], sentence[1:].removesuffix(".")
    return (first.lower() if rest[:1].islower() or rest[:1] == " " else first) + rest
