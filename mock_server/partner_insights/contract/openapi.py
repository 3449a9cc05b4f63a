"""The catalogue → an OpenAPI 3.1 description of the API.

Generators of clients drop what stands beside a `$ref`: here, no constraint does. A collection is a component
of its own for each resource it holds, and a reference with constraints beside it is replaced by what it
refers to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from partner_insights.contract.error_bodies import refusal_body
from partner_insights.contract.model import PROVENANCE
from partner_insights.contract.query.parameters import OptionKind
from partner_insights.contract.schema_files import reference_to, referred, resource_of

if TYPE_CHECKING:
    from partner_insights.contract.catalogue import Catalogue
    from partner_insights.contract.model import ErrorCase, Operation, SchemaObject
    from partner_insights.contract.query.parameters import QueryOption

_JSON = "application/json"
_LICENCES, _CUSTOMERS, _NEWER, _OTHERS = (
    "licence analytics",
    "customers",
    "newer analytics",
    "other resources",
)
_OURS = "The licence analytics operations of Microsoft Partner Center,"
TAGS = {
    _LICENCES: "Deployment and usage, for a partner and for one customer.",
    _CUSTOMERS: "Where a client learns customer ids from.",
    _NEWER: "What supersedes the licence analytics, and its siblings, with a query language.",
    _OTHERS: "Read from other pages.",
}
_READ_ON = "seekOperation"
"""The query parameter by which a list is read on."""
_ANNOTATIONS = frozenset({"$ref", "description", PROVENANCE})
"""What may stand beside a reference: who passes it over loses no constraint."""

_REQUEST_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "MS-RequestId": (
        "A GUID that identifies the call; a retry repeats it. Echoed in the answer; anything but a GUID is "
        "passed over.",
        {"type": "string", "examples": ["94e4e214-6b06-4fb7-96d1-94d559f9b47f"]},
    ),
    "MS-CorrelationId": (
        "A GUID that correlates calls in logs; fresh for each. As MS-RequestId otherwise.",
        {"type": "string", "examples": ["ab993325-1a37-4ad9-b4ab-7a6ea5f7c1b6"]},
    ),
    "X-Locale": ("The language of the answer.", {"type": "string", "default": "en-US"}),
    "MS-Contract-Version": (
        "The API version: documented as required, sent by few clients, not enforced (E-011).",
        {"type": "string", "examples": ["v1"]},
    ),
}
"""Header → its description and its schema."""
_RESPONSE_HEADERS = {
    "MS-RequestId": "The request's own id, or a new one.",
    "MS-CorrelationId": "The request's own correlation id, or a new one.",
    "MS-CV": "The service's correlation vector.",
    "MS-ServerId": "Which server answered.",
    "WWW-Authenticate": "Which authentication is asked for.",
    "Allow": "The methods the path has.",
    "Retry-After": "Seconds to wait before the next request.",
}


def openapi_document(catalogue: Catalogue) -> dict[str, Any]:
    """Every operation, schema, header and documented failure of the catalogue."""
    paths: dict[str, dict[str, Any]] = {}
    synthetic = any(operation.synthetic for operation in catalogue.operations.values())
    used = {_tag(operation) for operation in catalogue.operations.values()}
    for operation in catalogue.operations.values():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, catalogue)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Resources of documentation pages" if synthetic else "Partner Center licence analytics",
            "version": "v1",
            "description": f"{'Operations' if synthetic else _OURS} derived from the tables of their "
            "documentation. Each constraint names its cell, its standing and its erratum under `x-source`.",
        },
        "servers": [{"url": catalogue.base_url}],
        "security": [{"bearer": []}],
        "tags": [{"name": name, "description": TAGS[name]} for name in TAGS if name in used],
        "paths": paths,
        "components": {
            "schemas": _schemas(catalogue),
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in _RESPONSE_HEADERS.items()
            },
            "parameters": {
                name: _parameter(name, "header", schema, description)
                for name, (description, schema) in _REQUEST_HEADERS.items()
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _tag(operation: Operation) -> str:
    if operation.synthetic:
        return _OTHERS
    if operation.options:
        return _NEWER
    return _LICENCES if operation.seed else _CUSTOMERS


def _operation(operation: Operation, catalogue: Catalogue) -> dict[str, Any]:
    success = {
        "description": operation.title,
        "headers": _headers(catalogue.common_headers),
        "content": {_JSON: {"schema": _reference(_body_component(operation, catalogue))}},
    }
    return {
        "operationId": operation.id,
        "summary": operation.title,
        "description": _description(operation),
        "tags": [_tag(operation)],
        "parameters": _parameters(operation),
        "responses": {"200": success} | _failures(operation, catalogue),
    }


def _description(operation: Operation) -> str:
    accepted = f"Tokens accepted: {', '.join(operation.auth)}."
    return f"{accepted} Also at {', '.join(operation.aliases)}." if operation.aliases else accepted


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = []
    if operation.per_customer:
        guid = {"type": "string", "format": "uuid"}
        parameters.append(_parameter("customer-id", "path", guid, "The GUID of a customer."))
    others = (name for name in operation.parameters if name != "customer-id")
    parameters += [_parameter(name, "path", {"type": "string", "minLength": 1}) for name in others]
    for name, schema in operation.query.items():
        option = operation.options.named(name)
        stated = schema if option is None else {**_sendable(option, schema), **_in_words(option, schema)}
        parameters.append(_parameter(name, "query", stated))
    if _READ_ON in operation.query:
        words = "Of the next page, as the link to it says; goes with seekOperation=Next."
        parameters.append(_parameter("MS-ContinuationToken", "header", {"type": "string"}, words))
    return parameters + [{"$ref": f"#/components/parameters/{name}"} for name in _REQUEST_HEADERS]


def _parameter(name: str, place: str, schema: SchemaObject, description: str = "") -> dict[str, Any]:
    """A parameter in the path, which every request has, or elsewhere, where it may be left out."""
    stated = {"name": name, "in": place, "required": place == "path"}
    return stated | ({"description": description} if description else {}) | {"schema": dict(schema)}


def _sendable(option: QueryOption, schema: SchemaObject) -> SchemaObject:
    """Without the default of an option that is refused alone: generated clients send defaults."""
    return schema if option.needs is None else {key: schema[key] for key in schema if key != "default"}


def _in_words(option: QueryOption, schema: SchemaObject) -> dict[str, Any]:
    """The rules of an option that JSON Schema has no keyword for, in words; a pattern for lists of fields."""
    words = [str(schema.get("description", ""))]
    if option.kind is OptionKind.FILTER:
        words += [f"{name}: {', '.join(rule.operators)}." for name, rule in option.fields.items()]
    elif option.fields and option.kind is not OptionKind.FIELD:
        words.append(f"Fields: {', '.join(option.fields)}.")
    if option.measures:
        words.append(f"Measures: {', '.join(each.name for each in option.measures)}.")
    if option.needs is not None:
        words.append(f"Only with {option.needs}; {option.default} where it is left out.")
    if option.also:
        words.append(f"Also spelled {', '.join(option.also)}.")
    words += [
        f"{each.says[:1].upper()}{each.says[1:]} ({each.standing}: {each.source})." for each in option.notes
    ]
    pattern = _pattern(option)
    stated = {
        "description": " ".join(words),
        "x-standing": str(option.standing),
        "x-stated-by": option.source,
    }
    return stated if pattern is None else {**stated, "pattern": pattern}


def _pattern(option: QueryOption) -> str | None:
    """What a list of fields matches; a field that is named twice is refused, which no pattern says."""
    if option.kind not in (OptionKind.GROUP, OptionKind.ORDER, OptionKind.SELECT):
        return None
    names = "|".join(map(re.escape, option.fields))
    entry = rf"\s*({names})" + (r"(\s+(asc|desc))?" if option.kind is OptionKind.ORDER else "") + r"\s*"
    return f"^{entry}(,{entry})*$"


def _failures(operation: Operation, catalogue: Catalogue) -> dict[str, Any]:
    by_status: dict[str, list[ErrorCase]] = {}
    for case in operation.errors:
        for status in case.accepted:
            by_status.setdefault(str(status), []).append(case)
    return {status: _failure(cases, catalogue) for status, cases in sorted(by_status.items())}


def _failure(cases: list[ErrorCase], catalogue: Catalogue) -> dict[str, Any]:
    own = {name for case in cases for name in case.headers}
    bodies = sorted({case.body for case in cases})
    schemas = [_reference(body) for body in bodies]
    examples = {case.case: {"summary": case.description, "value": refusal_body(case)} for case in cases}
    return {
        "description": "; ".join(f"{case.case}: {case.description}" for case in cases),
        "headers": _headers((*catalogue.common_headers, *sorted(own))),
        "content": {
            _JSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}, "examples": examples}
        },
    }


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _schemas(catalogue: Catalogue) -> dict[str, Any]:
    """Every resource, and every collection with the resource it holds."""
    schemas = {name: _component(resource.schema, catalogue) for name, resource in catalogue.resources.items()}
    for operation in catalogue.operations.values():
        name = _body_component(operation, catalogue)
        if operation.envelope is not None and name not in schemas:
            item: dict[str, Any] = dict(reference_to(operation.resource))
            if operation.options.of(OptionKind.GROUP) is not None:
                group = f"{operation.resource}Group"
                schemas[group] = _component(_group(operation, catalogue), catalogue)
                item = {"anyOf": [item, reference_to(group)]}
            rows = {operation.layout.rows: {"items": item}}
            collection = _merged(catalogue.schema(operation.envelope), {"title": name, "properties": rows})
            schemas[name] = _component(collection, catalogue)
    return dict(sorted(schemas.items()))


def _group(operation: Operation, catalogue: Catalogue) -> dict[str, Any]:
    """A row of a grouped answer: fields that are named, and the measures."""
    resource = catalogue.schema(operation.resource)
    return {
        "title": f"{operation.resource}Group",
        "description": f"A row of {operation.resource} that is grouped: the fields named, and the measures.",
        "type": "object",
        "properties": resource["properties"],
        "required": [each.name for each in operation.options.measures],
    }


def _body_component(operation: Operation, catalogue: Catalogue) -> str:
    """The component of a 200's body: the resource, an envelope that holds no other, or a collection of it."""
    if operation.envelope is None:
        return operation.resource
    if _items(catalogue.schema(operation.envelope), operation) == reference_to(operation.resource):
        return operation.envelope
    name = f"{operation.resource}Collection"
    return f"{operation.resource}In{operation.envelope}" if name in catalogue.resources else name


def _items(envelope: SchemaObject, operation: Operation) -> Any:
    return envelope["properties"].get(operation.layout.rows, {}).get("items")


def _reference(component: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{component}"}


def _component(schema: SchemaObject, catalogue: Catalogue) -> dict[str, Any]:
    """A derived schema with its references turned to the document's components."""
    resource = referred(schema)
    if resource is not None and not _ANNOTATIONS.issuperset(schema):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _component(_merged(catalogue.schema(resource), beside), catalogue)
    component: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref":
            component |= _reference(resource_of(value))
        elif key == "properties":
            component[key] = {name: _component(row, catalogue) for name, row in value.items()}
        elif key == "items":
            component[key] = _component(value, catalogue)
        elif key == "anyOf":
            component[key] = [_component(form, catalogue) for form in value]
        elif key == PROVENANCE:
            component[key] = value | {"keywords": _without_references(value["keywords"])}
        elif key not in ("$schema", "$id"):
            component[key] = value
    return component


def _without_references(notes: dict[str, Any]) -> dict[str, Any]:
    """The notes of keywords, that of `$ref` as `reference`: generators resolve a `$ref` wherever it is."""
    return {("reference" if keyword == "$ref" else keyword): note for keyword, note in notes.items()}


def _merged(schema: SchemaObject, beside: SchemaObject) -> dict[str, Any]:
    """One schema in place of two that hold together; the second speaks last, and what is made has no name."""
    merged: dict[str, Any] = {**schema, **beside}
    if "title" not in beside:
        merged.pop("title", None)
    if "properties" in merged:
        rows = beside.get("properties", {})
        merged["properties"] = {
            **schema.get("properties", {}),
            **{name: _merged(schema.get("properties", {}).get(name, {}), row) for name, row in rows.items()},
        }
    if "required" in merged:
        merged["required"] = list(dict.fromkeys([*schema.get("required", ()), *beside.get("required", ())]))
    return merged
