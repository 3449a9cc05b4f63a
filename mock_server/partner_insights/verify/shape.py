"""A JSON value and the schema it is promised to have → what breaks which keyword, in the words of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from partner_insights.contract import Catalogue, Constraint, JsonValue, SchemaObject, Standing
from partner_insights.verify.finding import Finding
from partner_insights.verify.violation import Observation, pointer_of, shortened, shown

if TYPE_CHECKING:
    from jsonschema import ValidationError

STATED: Mapping[str, Callable[[Any], str]] = {
    # What a keyword says, as the second half of "the page says …".
    "type": lambda value: " or ".join(value) if isinstance(value, list) else str(value),
    "required": lambda value: f"a property {value!r}",
    "const": shown,
    "format": lambda value: f"a {value}",
    "minimum": lambda value: f"at least {value}",
    "maximum": lambda value: f"at most {value}",
    "multipleOf": lambda value: "a whole number" if value == 1 else f"a multiple of {value}",
    "enum": lambda value: f"one of {', '.join(shown(member) for member in value)}",
    "minLength": lambda value: f"at least {value} characters",
    "maxLength": lambda value: f"at most {value} characters",
    "pattern": lambda value: f"a text like {value}",
}


def shape_findings(value: JsonValue, schema: SchemaObject, catalogue: Catalogue) -> Iterator[Finding]:
    """One finding for each keyword that the value breaks."""
    seen: set[tuple[str, str, str]] = set()
    for error in catalogue.validator(schema).iter_errors(value):
        for finding in _findings(error, catalogue):
            # A property under `$ref` and beside it can be asked for by both; once is enough to know.
            key = (finding.code, finding.pointer, finding.message)
            if key not in seen:
                seen.add(key)
                yield finding


def _findings(error: ValidationError, catalogue: Catalogue) -> Iterator[Finding]:
    keyword = str(error.validator)
    subschema = error.schema if isinstance(error.schema, Mapping) else {}
    code = catalogue.code_of_keyword(keyword).code
    if keyword == "required":
        for name in error.validator_value:
            if name not in error.instance:
                constraint = catalogue.constraint(subschema, keyword, name)
                yield _finding(
                    error,
                    code,
                    constraint,
                    name,
                    f"it is missing{_near_miss(name, error.instance)}",
                    catalogue,
                )
        return
    constraint = catalogue.constraint(subschema, keyword)
    yield _finding(
        error, code, constraint, error.validator_value, f"you sent {shown(error.instance)}", catalogue
    )


def _finding(
    error: ValidationError, code: str, constraint: Constraint, stated: Any, sent: str, catalogue: Catalogue
) -> Finding:
    return Finding(
        code=code,
        pointer=pointer_of(*error.absolute_path),
        message=f"{_claim(constraint, stated, catalogue)}; {sent}",
        standing=constraint.standing,
        source=constraint.source,
        erratum=constraint.erratum,
        value="" if constraint.keyword == "required" else shown(error.instance),
    )


def _claim(constraint: Constraint, stated: Any, catalogue: Catalogue) -> str:
    """What the contract says here, and who says so."""
    says = STATED[constraint.keyword]
    source = constraint.source
    place = f" ({source.page}:{source.line})" if source is not None else ""
    erratum = catalogue.errata.get(constraint.erratum or "")
    because = (
        ""
        if erratum is None
        else f"erratum {erratum.id} says {says(stated)}, because {_clause(erratum.reason)}"
    )
    if constraint.standing is Standing.DOCUMENTED:
        return f"the page says {says(stated)}{place}"
    if constraint.standing is Standing.ASSUMED:
        return f"no page says it{place}, but {because or f'we assume {says(stated)}'}"
    # `was` of a presence is no keyword's value, and of an addition there is none.
    before = (
        says(constraint.was)
        if constraint.was is not None and constraint.keyword != "required"
        else "nothing of it"
    )
    return f"the page says {before}{place}; {because}"


def _clause(sentence: str) -> str:
    """A reason's sentence as the end of another one."""
    first, rest = sentence[:1], sentence[1:].removesuffix(".")
    return (first.lower() if rest[:1].islower() or rest[:1] == " " else first) + rest


def _near_miss(name: str, instance: Mapping[str, JsonValue]) -> str:
    """A hint where a property is there under another spelling."""
    for other in instance:
        if other.casefold() == name.casefold():
            return f", but there is {shortened(other)!r}: names are case-sensitive"
    return ""


def undocumented(
    value: JsonValue, schema: SchemaObject, catalogue: Catalogue, operation: str
) -> Iterator[Observation]:
    """Properties that no page lists: observed, never held against the service."""
    pending: list[tuple[tuple[str | int, ...], JsonValue, list[SchemaObject]]] = [((), value, [schema])]
    while pending:
        path, current, schemas = pending.pop()
        schemas = list(_resolved(schemas, catalogue))
        if isinstance(current, list):
            items = [part["items"] for part in schemas if "items" in part]
            pending.extend(((*path, index), item, items) for index, item in enumerate(current) if items)
        elif isinstance(current, dict) and any("properties" in part for part in schemas):
            for name, member in current.items():
                deeper = [part["properties"][name] for part in schemas if name in part.get("properties", {})]
                if deeper:
                    pending.append(((*path, name), member, deeper))
                else:
                    yield Observation(
                        "undocumented-property",
                        operation,
                        pointer_of(*path, name),
                        f"no page lists this property; it holds {shown(member)}",
                    )


def _resolved(schemas: list[SchemaObject], catalogue: Catalogue) -> Iterator[SchemaObject]:
    """The schemas with those they refer to; the references of derived schemas are file names, and have no cycle of their own."""
    resolver = catalogue.registry.resolver()
    for schema in schemas:
        while True:
            yield schema
            if "$ref" not in schema:
                break
            schema = resolver.lookup(schema["$ref"]).contents
