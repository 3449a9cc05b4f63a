"""How-to pages → the operations they describe, as the text of an operations file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.model import Envelope
from partner_insights.contract.schema_files import referred
from partner_insights.derive.custom_pages import customer_named, default_errors, operation_id
from partner_insights.derive.howto.page import object_type
from partner_insights.tables.naming import answer_name, pascal
from partner_insights.toml import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from partner_insights.contract.model import SchemaObject
    from partner_insights.derive.howto.page import HowToPage, RequestLine

_NUMBERS: Final = {"int", "integer", "int32", "int64", "long", "short"}
_ASIDE: Final = re.compile(
    r"^(list|collection)-of-|^(get|list|retrieve|find)-|^(all|a|an|the)-|-(information|info)$|-by-id$"
)

ODATA: Final = Envelope(rows="value", total="@odata.count", next_link="@odata.nextLink")
_ODATA: Final = "ODataCollection"
# What the options of OData take; what they do stands in schemas/operations.toml.
_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "$top": {"type": "integer", "minimum": 1},
    "$skip": {"type": "integer", "minimum": 0},
    "$count": {"type": "boolean"},
}


@dataclass(frozen=True)
class DescribedOperation:
    """One operation as its page describes it, in the terms of an operations file."""

    entry: Mapping[str, Any]
    page: str
    line: int
    remark: str | None = None
    """What about it a person should look at."""


@dataclass(frozen=True)
class Skipped:
    """A page, or a route of it, that is no operation."""

    page: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.reason}"


def described_operations(
    howtos: Iterable[HowToPage], envelopes: Mapping[str, SchemaObject]
) -> tuple[list[DescribedOperation], list[Skipped]]:
    """The GETs of the pages, with unique ids; and what was skipped.

    `envelopes` are the resources that may surround items, by name: those with `items`.
    """
    operations: list[DescribedOperation] = []
    skipped: list[Skipped] = []
    taken: dict[str, str] = {}
    for howto in howtos:
        if not howto.routes:
            skipped.append(Skipped(howto.page, 1, "has no table of requests"))
        for route in howto.routes:
            shape = re.sub(r"{[^{}]*}", "{}", customer_named(route.path))
            if route.method != "GET":
                skipped.append(Skipped(howto.page, route.line, f"{route.method} is no read"))
            elif shape in taken:
                skipped.append(Skipped(howto.page, route.line, f"{route.path} is on {taken[shape]} already"))
            else:
                taken[shape] = f"{howto.page}:{route.line}"
                found = _operation(howto, route, envelopes, {each.entry["id"] for each in operations})
                if isinstance(found, Skipped):
                    skipped.append(found)
                else:
                    operations.append(found)
    return operations, skipped


def operations_toml(operations: Sequence[DescribedOperation]) -> str:
    """The text of an operations file."""
    parts = ["# Routes read from how-to pages; what it leaves out is as in schemas/operations.toml.\n"]
    if any(operation.entry.get("envelope") == _ODATA for operation in operations):
        layout = {"rows": ODATA.rows, "total": ODATA.total, "next-link": ODATA.next_link}
        parts.append(f"\n[envelope.{_ODATA}]\n")
        parts += [f"{name} = {toml_value(value)}\n" for name, value in layout.items()]
    for operation in operations:
        parts.append(f"\n# {operation.page}:{operation.line}\n")
        if operation.remark is not None:
            parts.append(f"# {operation.remark}\n")
        parts.append("[[operation]]\n")
        parts += [
            f"{name} = {toml_value(value)}\n" for name, value in operation.entry.items() if name != "query"
        ]
        if operation.entry.get("query"):
            parts.append("[operation.query]\n")
            query = operation.entry["query"].items()
            parts += [f"{toml_key(name)} = {toml_value(value)}\n" for name, value in query]
    return "".join(parts)


def _operation(
    howto: HowToPage, route: RequestLine, envelopes: Mapping[str, SchemaObject], taken: set[str]
) -> DescribedOperation | Skipped:
    path = customer_named(route.path)
    body = next((sample.body for sample in howto.samples if sample.body is not None), None)
    resource, remark = _resource(howto, body)
    if resource is None:
        return Skipped(howto.page, route.line, "nothing names what it answers with")
    envelope, doubt = _envelope(howto, body, resource, envelopes)
    query = _query(howto, route, many=envelope is not None)
    entry: dict[str, Any] = {
        "id": _unused(
            _id(howto.page, path, more=sum(each.method == "GET" for each in howto.routes) > 1), taken
        ),
        "method": "GET",
        "path": path,
        "title": howto.title,
    }
    if envelope is not None:
        entry["envelope"] = envelope
    entry |= {
        "resource": resource,
        "auth": list(howto.auth),
        "errors": list(default_errors(path, howto.auth, query)),
        "sources": [howto.page],
    }
    if query:
        entry["query"] = query
    return DescribedOperation(entry, howto.page, route.line, doubt or remark)


def _id(page: str, path: str, *, more: bool) -> str:
    """The name of an operation from its page's: `get-a-list-of-customers.md` → `customers`."""
    name, before = page.removesuffix(".md"), ""
    while name != before:
        before, name = name, _ASIDE.sub("", name)
    return operation_id(path) if more or not name else name


def _unused(name: str, taken: set[str]) -> str:
    numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(each for each in numbered if each not in taken)


def _resource(howto: HowToPage, body: Any) -> tuple[str | None, str | None]:
    """What the items are: by the sample's objectType and the prose's link, which should agree."""
    shown = object_type(body)
    linked = None if howto.answer is None else _one_word(howto.answer.text)
    if shown is not None and linked is not None and shown.casefold() != linked.casefold():
        return linked, f"the prose says {linked}, the sample's objectType {shown}"
    if shown is not None or linked is not None:
        return shown or linked, None
    if howto.fields is not None:
        return answer_name(howto.title), "named after the page, whose own table has its fields"
    return None, None


def _one_word(text: str) -> str:
    """A name as a link writes it; several words become one, their capitals kept."""
    return text if text.isidentifier() else pascal(text)


def _envelope(
    howto: HowToPage, body: Any, resource: str, envelopes: Mapping[str, SchemaObject]
) -> tuple[str | None, str | None]:
    """The envelope that fits the sample best; without a sample, the plain one where the prose says many."""
    if not isinstance(body, dict):
        return ("Collection", None) if howto.collection else (None, None)
    if "items" in body:
        fitting = [name for name, schema in envelopes.items() if _holds(schema, resource)]
        best = min(
            fitting, key=lambda name: len(set(envelopes[name]["properties"]) ^ set(body)), default=None
        )
        return best or "Collection", None
    if isinstance(body.get(ODATA.rows), list) and not howto.fields:
        return _ODATA, None
    lists = [name for name, value in body.items() if isinstance(value, list)]
    if howto.fields is not None and lists:
        return None, f"the sample's items are in {lists[0]!r}: no envelope here has that"
    return None, None


def _holds(envelope: SchemaObject, resource: str) -> bool:
    item = envelope["properties"]["items"].get("items", {})
    return referred(item) in (None, resource)


def _query(howto: HowToPage, route: RequestLine, *, many: bool) -> dict[str, Any]:
    """The parameters that are not in the path, with what their Type cells say, and the options of OData."""
    rows = {each.name: each for each in howto.parameters}
    in_path = set(re.findall(r"{([^{}]*)}", route.path))
    options = [name for name in howto.options if many or name in ("$select", "$expand")]
    names = dict.fromkeys([*route.query, *(name for name in rows if name not in in_path), *options])
    found: dict[str, Any] = {}
    for name in names:
        if re.fullmatch(r"[$@\w.-]+", name):
            number = name in rows and rows[name].type.casefold() in _NUMBERS
            found[name] = dict(_OPTIONS.get(name, {"type": "integer" if number else "string"}))
    return found
