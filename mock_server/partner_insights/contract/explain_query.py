"""An operation, or one of its query parameters → where it is said what it takes, and how that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract.catalogue import Catalogue
    from partner_insights.contract.model import Erratum, Operation, SchemaObject
    from partner_insights.contract.query import QueryOption

Lines = list[tuple[str, str]]


def operation_lines(operation: Operation, catalogue: Catalogue) -> Lines:
    """What answers at which path, its parameters, and the errata about its requests."""
    lines = [("path", f"{operation.method} {path}") for path in (operation.path, *operation.aliases)]
    lines += [("source", source) for source in operation.sources]
    around = f"{operation.envelope} of " if operation.envelope else ""
    lines.append(("answers", around + operation.resource))
    for name in operation.query:
        option = operation.options.named(name)
        known = f"  ({option.standing}: {option.source})" if option else _said(operation.query[name])
        lines.append(("parameter", name + known))
    lines += [(each.id, f"{each.title}  ({each.standing})") for each in _errata(operation.id, catalogue)]
    return lines


def parameter_lines(option: QueryOption) -> Lines:
    """What a parameter takes."""
    lines = [("standing", str(option.standing)), ("source", option.source)]
    lines += [("also spelled", name) for name in option.also]
    for rule in option.fields.values():
        kind = f"{rule.type}, of exact case" if rule.exact else str(rule.type)
        meant = "" if rule.property == rule.name else f", the property {rule.property}"
        operators = f": {', '.join(rule.operators)}" if rule.operators else ""
        lines.append(("field", f"{rule.name} ({kind}){operators}{meant}"))
    for each in option.measures:
        lines.append(("measure", f"{each.name}, the {f'sum of {each.sums}' if each.sums else 'rows'}"))
    if option.maximum is not None:
        lines.append(("bounds", f"{option.minimum} to {option.maximum}"))
    lines += [("values", ", ".join(option.values))] if option.values else []
    lines += [("default", str(option.default))] if option.default is not None else []
    lines += [("goes with", option.needs)] if option.needs is not None else []
    lines += [("rule", f"{note.says}  ({note.standing}: {note.source})") for note in option.notes]
    return lines


def plain_parameter_lines(schema: SchemaObject, operation: Operation) -> Lines:
    """What a parameter without a query language takes; its description says what of it is assumed."""
    lines = [("meaning", str(schema.get("description", "")))]
    lines += [("values", ", ".join(map(str, schema["enum"])))] if "enum" in schema else []
    lines += [(bound, str(schema[bound])) for bound in ("minimum", "maximum") if bound in schema]
    return lines + [("source", source) for source in operation.sources]


def _said(schema: SchemaObject) -> str:
    return f": {schema['description']}" if "description" in schema else ""


def _errata(operation: str, catalogue: Catalogue) -> Iterator[Erratum]:
    return (each for each in catalogue.errata.values() if operation in each.operations)
