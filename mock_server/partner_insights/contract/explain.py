"""A code, an erratum, a rule or a property → what it means, where it comes from, and on what evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from partner_insights.contract.explain_query import operation_lines, parameter_lines, plain_parameter_lines
from partner_insights.contract.model import PROVENANCE, Code, Erratum, Rule, Standing, Weight
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from partner_insights.contract.catalogue import Catalogue

BASELINE_HOW_TO_ACCEPT = (
    "Where it is known and cannot be mended yet, an entry in a baseline, with reason, ticket and expiry: "
    "`verify --baseline FILE`, `--update-baseline` to make one."
)

Section = tuple[str, list[tuple[str, str]]]
"""A heading and its labelled lines."""


def explain(subject: str, catalogue: Catalogue) -> list[Section]:
    """Explain `PI101`, `E-001`, a rule, `Resource`, `Resource.property`, an operation or its parameter.

    InputError for all else.
    """
    if subject in catalogue.codes:
        return list(_code(catalogue.codes[subject], catalogue))
    if subject in catalogue.rules:
        return list(_code(catalogue.codes[catalogue.rules[subject].code], catalogue))
    if subject in catalogue.errata:
        return [_erratum(catalogue.errata[subject], with_targets=True)]
    resource, _, name = subject.partition(".")
    if resource in catalogue.operations:
        operation, option = catalogue.operations[resource], catalogue.operations[resource].options.named(name)
        if not name:
            return [(f"{resource}  {operation.title}", operation_lines(operation, catalogue))]
        if option is not None:
            return [(f"{resource}.{option.name}", parameter_lines(option))]
        if name in operation.query:
            return [(f"{resource}.{name}", plain_parameter_lines(operation.query[name], operation))]
    if resource in catalogue.resources:
        properties = catalogue.schema(resource)["properties"]
        if not name:
            return [_resource(resource, properties, catalogue)]
        if name in properties:
            return list(_property(resource, name, properties[name], catalogue))
    raise _unknown(subject, catalogue)


def _property(resource: str, name: str, schema: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Section]:
    provenance = schema[PROVENANCE]
    place = f"{provenance['page']}:{provenance['line']}"
    yield (
        f"{resource}.{name}",
        [(f"{column} cell", f"{text}  ({place})") for column, text in provenance["cells"].items()],
    )
    keywords: Mapping[str, Mapping[str, Any]] = provenance["keywords"]
    yield (
        "what the contract says",
        [(keyword, _keyword(schema, keyword, note)) for keyword, note in keywords.items()],
    )
    for identity in dict.fromkeys(_errata_of(schema)):
        yield _erratum(catalogue.errata[identity], with_targets=False)


def _keyword(schema: Mapping[str, Any], keyword: str, note: Mapping[str, Any]) -> str:
    if keyword == "presence":
        value = "required" if note["present"] else "may be absent"
    elif keyword == "name":
        value = f"spelt otherwise than the table's {note['was']!r}"
    elif keyword not in schema:
        value = str(note.get("value"))
    else:
        value = json.dumps(schema[keyword], ensure_ascii=False)
    if "rule" in note:
        return f"{value}  ({note['standing']} by the rule {note['rule']})"
    if "reason" in note:
        return f"{value}  ({note['standing']}: {note['column']} cell, but {note['reason']})"
    if "erratum" not in note:
        return f"{value}  ({note['standing']}: {note['column']} cell)"
    was = note.get("was")
    cell = (
        f"; the cell says {json.dumps(was, ensure_ascii=False)}"
        if was is not None and keyword != "presence"
        else ""
    )
    return f"{value}  ({note['standing']} by {note['erratum']}{cell})"


def _errata_of(schema: Any) -> Iterator[str]:
    """The errata named in a property's annotations, nested properties and overruled notes included."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("erratum"), str):
            yield schema["erratum"]
        for value in schema.values():
            yield from _errata_of(value)


def _erratum(erratum: Erratum, *, with_targets: bool) -> Section:
    assumed = erratum.standing is Standing.ASSUMED
    standing = _standing(erratum.standing, erratum.weight) if assumed else erratum.standing.value
    lines = [("standing", standing), ("reason", erratum.reason)]
    lines += [("evidence", text) for text in erratum.evidence]
    if with_targets:
        lines += [("operation", name) for name in erratum.operations]
        lines += [
            (
                "target",
                f"{target.resource}{'.' + target.property if target.property else ''}, {target.column} cell",
            )
            for target in erratum.targets
        ]
    return f"{erratum.id}  {erratum.title}", lines


def _resource(resource: str, properties: Mapping[str, Any], catalogue: Catalogue) -> Section:
    source = catalogue.resources[resource].source
    lines = [("page", f"{source.page}:{source.line}")]
    lines += [
        ("property", f"{name}  (line {schema[PROVENANCE]['line']})") for name, schema in properties.items()
    ]
    return resource, lines


def _code(code: Code, catalogue: Catalogue) -> Iterator[Section]:
    rule = next((rule for rule in catalogue.rules.values() if rule.code == code.code), None)
    lines = [("meaning", code.meaning)]
    if code.keyword is not None:
        lines.append(("keyword", code.keyword))
        lines.append(("standing", "that of the keyword in the cell's row: see `explain RESOURCE.property`"))
    elif rule is not None:
        lines += _rule(rule)
    elif code.standing is not None:
        lines.append(("standing", _standing(code.standing, code.weight)))
        lines.append(("source", code.source or ""))
    lines.append(("to silence", code.how_to_accept))
    lines.append(("for a while", BASELINE_HOW_TO_ACCEPT))
    yield f"{code.code}  {code.title}", lines


def _standing(standing: Standing, weight: Weight) -> str:
    if standing is not Standing.ASSUMED:
        return f"{standing.value}: an error in every profile"
    if weight.certain:
        return f"assumed, but an error in every profile: {weight.error_because}"
    because = f" ({weight.warning_because})" if weight.warning_because else ""
    return f"assumed: a warning{because}, and an error with --profile strict or against our own fake"


def _rule(rule: Rule) -> list[tuple[str, str]]:
    return [
        ("standing", _standing(rule.standing, rule.weight)),
        ("reason", rule.reason),
        *(
            ("source", f"the row of {rule.source.get('resource') or resource}.{rule.source['property']}")
            for resource in rule.resources[:1]
            if rule.source is not None and "property" in rule.source
        ),
        *(("applies to", resource) for resource in rule.resources),
    ]


def _unknown(subject: str, catalogue: Catalogue) -> InputError:
    known = [*catalogue.codes, *catalogue.errata, *catalogue.rules, *catalogue.resources]
    for operation in catalogue.operations.values():
        known += [operation.id, *(f"{operation.id}.{option.name}" for option in operation.options)]
    for resource, derived in catalogue.resources.items():
        known += [f"{resource}.{name}" for name in derived.schema["properties"]]
    near = get_close_matches(subject, known, n=3, cutoff=0.5)
    hint = (
        f"did you mean {', '.join(near)}?"
        if near
        else "name a code (PI101), an erratum (E-001), a resource or Resource.property"
    )
    return InputError(f"nothing is called {subject!r}", remedy=hint)
