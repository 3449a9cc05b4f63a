"""Any pages and a file of operations → a catalogue of their own, to serve and to judge by.

What the pages do not define comes with the package: the envelopes, the error bodies, the refusals every
operation knows, and the customer list where a path names a customer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from partner_insights._data import schemas_dir
from partner_insights.contract.catalogue import Catalogue
from partner_insights.contract.model import PROVENANCE, Operation, Profile, SchemaObject, Standing
from partner_insights.contract.schema_files import SCHEMA_SUFFIX, file_name, references_in
from partner_insights.contract.toml_files import Operations, operations_of, read_operations, read_toml
from partner_insights.derive.bundled_pages import derive_pages
from partner_insights.derive.odata_options import describe_options
from partner_insights.derive.schema import DIALECT
from partner_insights.documents import json_value
from partner_insights.errors import InputError
from partner_insights.files import unicode_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from partner_insights.tables import Diagnostic

_OF_EVERY_OPERATION = ("method-not-allowed", "not-acceptable", "throttled", "internal-error", "unavailable")
_CUSTOMERS = ("customers", "customer")
_CUSTOMER_SEGMENT = re.compile(r"(?<=/customers/){[^{}]*}")
_PATH = re.compile(r"/(?:[^\s{}?#]|{[A-Za-z][\w-]*})*")


@dataclass(frozen=True)
class CustomContract:
    """Which pages and operations to go by; plain values, as they travel to other processes."""

    pages: tuple[Path, ...]
    """Markdown files, or folders of them."""
    operations: Path
    lenient: bool = False
    """Go on although a page is not certain: what it does not say is not judged, nor sent by the fake."""

    wire_case: bool = False
    """Spell the names of the tables as the wire does: ObjectType is objectType."""

    dialect: str | None = None
    """The name or file of the dialect the pages are in; None: what each page shows signs of."""

    def arguments(self) -> list[str]:
        """The options of `serve` and `verify` that mean this."""
        switches = {"--lenient": self.lenient, "--wire-case": self.wire_case}
        return [
            *(f"--page={page}" for page in self.pages),
            f"--operations={self.operations}",
            *(f"--dialect={each}" for each in [self.dialect] if each is not None),
            *(switch for switch, on in switches.items() if on),
        ]

    def read(self, profile: Profile | str = Profile.CORRECTED) -> CustomCatalogue:
        """Derive the pages, with the shipped errata where they apply, and read the operations.

        Raises DerivationFailed where a page is not certain (unless lenient), InputError for operations that
        do not fit their form or name what no page defines.
        """
        folder = schemas_dir()
        derivation = derive_pages(
            list(self.pages),
            folder,
            lenient=self.lenient,
            wire_case=self.wire_case,
            dialect=self.dialect,
        )
        shipped = _shipped_schemas(folder)
        ours = read_toml(folder / "operations.toml")
        document = _with_defaults(read_toml(self.operations), ours, self.operations)
        _spell_as_the_pages(document["operation"], derivation.schemas)
        schemas = {**shipped, **derivation.schemas}
        for name, entry in document["envelope"].items():
            if name not in schemas:
                schemas[name] = envelope_schema(name, entry, unicode_name(self.operations))
        describe_options(document, schemas)
        operations = operations_of(document, self.operations)
        known = _known(_unchanged(shipped, derivation.schemas), folder)
        by_id = {name: _checked(each, schemas, self.operations) for name, each in operations.by_id.items()}
        by_id = {name: replace(each, synthetic=_data_of(each) not in known) for name, each in by_id.items()}
        used = _used(schemas, derivation.schemas, by_id.values(), operations)
        catalogue = Catalogue.of(used, folder, profile, replace(operations, by_id=by_id))
        return CustomCatalogue(catalogue, derivation.diagnostics)


@dataclass(frozen=True)
class CustomCatalogue:
    """What was read, and what about the pages was not certain."""

    catalogue: Catalogue
    diagnostics: tuple[Diagnostic, ...]


def _shipped_schemas(folder: Path) -> dict[str, SchemaObject]:
    schemas = [json_value(path.read_bytes()) for path in sorted(folder.glob(f"*{SCHEMA_SUFFIX}"))]
    return {schema["title"]: schema for schema in schemas}


def _unchanged(shipped: Mapping[str, SchemaObject], derived: Mapping[str, SchemaObject]) -> set[str]:
    """The shipped resources that the pages leave as they are: the world knows their data by name."""
    return {
        name
        for name, schema in shipped.items()
        if name not in derived or list(derived[name]["properties"]) == list(schema["properties"])
    }


_Data = tuple[str, str | None, bool, str]


def _known(unchanged: set[str], folder: Path) -> set[_Data]:
    """The kinds of answers the world has data of its own for."""
    operations = read_operations(folder / "operations.toml").by_id.values()
    return {_data_of(each) for each in operations if each.resource in unchanged}


def _data_of(operation: Operation) -> _Data:
    """What decides the data of an answer; of the customers, their own paths do."""
    place = operation.path if operation.resource == "Customer" else str(len(operation.parameters))
    return operation.resource, operation.envelope, operation.per_customer, place


def _with_defaults(document: dict[str, Any], shipped: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The operations with all that may be left unsaid, in the form of the shipped file."""
    entries = document.get("operation")
    if not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        raise InputError(
            "names no operation",
            where=str(path),
            remedy="give at least one [[operation]] with path and resource",
        )
    operations = [_with_entry_defaults(entry, path) for entry in entries]
    _refuse_duplicates(operations, path)
    paths = [entry["path"] for entry in operations]
    if any("{customer-id}" in each for each in paths) and "/v1/customers" not in paths:
        taken = {entry["id"] for entry in operations} | set(paths)
        operations += [
            entry
            for entry in shipped["operation"]
            if entry["id"] in _CUSTOMERS and not {entry["id"], entry["path"]} & taken
        ]
    return {
        "base-url": document.get("base-url", shipped["base-url"]),
        "common-headers": document.get("common-headers", shipped["common-headers"]),
        "content-type": document.get("content-type", shipped["content-type"]),
        "errors": {**shipped["errors"], **document.get("errors", {})},
        "envelope": {**shipped.get("envelope", {}), **_envelopes(document, path)},
        "query": shipped.get("query", {}),
        "operation": operations,
    }


def _spell_as_the_pages(operations: Iterable[dict[str, Any]], derived: Mapping[str, SchemaObject]) -> None:
    """A resource in another case than its page has is the page's, before a shipped one is."""
    pages = {name.casefold(): name for name in derived}
    for entry in operations:
        entry["resource"] = pages.get(entry["resource"].casefold(), entry["resource"])


_ENVELOPE_KEYS = {"rows", "total", "next-link", "counts-query"}


def _envelopes(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The envelopes that the file lays out itself."""
    found = document.get("envelope", {})
    sound = isinstance(found, dict) and all(map(_is_layout, found.values()))
    if not sound:
        raise InputError(
            "an [envelope.NAME] is not of its form",
            where=str(path),
            remedy='give rows = "value" and total = "@odata.count", and next-link where there is one',
        )
    return dict(found)


def _is_layout(entry: object) -> bool:
    if not isinstance(entry, dict) or not {"rows", "total"} <= entry.keys() <= _ENVELOPE_KEYS:
        return False
    kinds = {"counts-query": bool}
    return all(isinstance(value, kinds.get(key, str)) for key, value in entry.items())


def envelope_schema(name: str, entry: Mapping[str, Any], page: str) -> SchemaObject:
    """The schema of an envelope that no page has a table of: by its own layout."""

    def row(keyword: str, schema: dict[str, Any], present: bool) -> SchemaObject:
        note = {"standing": Standing.ASSUMED.value, "column": keyword, "reason": "the envelope's own layout"}
        notes = dict.fromkeys(schema, note) | {"presence": note | {"present": present}}
        return schema | {
            PROVENANCE: {"page": page, "line": 1, "cells": {keyword: entry[keyword]}, "keywords": notes}
        }

    properties = {entry["rows"]: row("rows", {"type": "array"}, present=True)}
    properties[entry["total"]] = row("total", {"type": "integer", "minimum": 0}, present=False)
    if "next-link" in entry:
        properties[entry["next-link"]] = row("next-link", {"type": "string", "format": "uri"}, present=False)
    return {
        "$schema": DIALECT,
        "$id": file_name(name),
        "title": name,
        "description": "An envelope, by its own layout.",
        "type": "object",
        "properties": properties,
        "required": [entry["rows"]],
        PROVENANCE: {
            "page": page,
            "line": 1,
            "cells": {"Heading": name},
            "keywords": {"type": {"standing": Standing.ASSUMED.value, "column": "Heading"}},
        },
    }


def _with_entry_defaults(entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    template, resource = entry.get("path"), entry.get("resource")
    shown = entry.get("id", template)
    if not isinstance(template, str) or not isinstance(resource, str):
        raise InputError(f"operation {shown!r} lacks its path or resource", where=str(path))
    if not _PATH.fullmatch(template):
        raise InputError(
            f"operation {shown!r}: {template!r} is no path",
            where=str(path),
            remedy="write it like /v1/customers/{customer-id}/orders, queries under [operation.query]",
        )
    if entry.get("method", "GET") != "GET":
        raise InputError(f"operation {shown!r} is no GET: only reads are faked", where=str(path))
    template = customer_named(template.rstrip("/") or "/")
    auth = entry.get("auth", ["app+user"])
    own = {
        "id": entry.get("id") or operation_id(template),
        "method": "GET",
        "path": template,
        "title": entry.get("title", f"{resource}, by {template}"),
        "auth": auth,
    }
    errors = [*entry.get("errors", ()), *default_errors(template, auth, entry.get("query", {}))]
    return {**entry, **own, "errors": list(dict.fromkeys(errors))}


def operation_id(path: str) -> str:
    """A name for an operation, from its path: `/v1/customers/{customer-id}/orders` → `customers-orders`."""
    names = [re.sub(r"\({.*}\)$", "", segment) for segment in path.strip("/").split("/")]
    segments = [segment for segment in names if segment and not re.fullmatch(r"v\d+|{.*}", segment)]
    tail = "-by-id" if path.endswith(("}", "})")) else ""
    return ("-".join(segments) or "root") + tail


def customer_named(path: str) -> str:
    """The path with the customer's parameter under its one name, whatever a page calls it."""
    return _CUSTOMER_SEGMENT.sub("{customer-id}", path)


def default_errors(path: str, auth: Iterable[str], query: Mapping[str, Any]) -> Iterator[str]:
    """The refusals that any operation of this form can meet, by name."""
    yield from ("unauthenticated", "mfa-required")
    if "app-only" not in auth:
        yield "app-only"
    yield "no-role"
    if "{customer-id}" in path:
        yield from ("malformed-customer", "unknown-customer")
    if "{" in path.replace("{customer-id}", ""):
        yield "not-found"
    if query:
        yield "invalid-query"
    yield from _OF_EVERY_OPERATION


def _refuse_duplicates(operations: Iterable[Mapping[str, Any]], path: Path) -> None:
    seen: dict[str, str] = {}
    for entry in operations:
        for place in (entry["id"], re.sub(r"{[^{}]*}", "{}", entry["path"])):
            if place in seen:
                raise InputError(
                    f"the operations {seen[place]} and {entry['id']} have one id or path", where=str(path)
                )
            seen[place] = entry["id"]


def _checked(operation: Operation, schemas: Mapping[str, SchemaObject], path: Path) -> Operation:
    if operation.resource not in schemas:
        raise InputError(
            f"the operation {operation.id} names the resource {operation.resource}, which no page defines",
            where=str(path),
            remedy=f"give its page with --page; there are {', '.join(sorted(schemas))}",
        )
    envelope = operation.envelope
    rows = operation.layout.rows
    if envelope is not None and rows not in schemas.get(envelope, {}).get("properties", {}):
        raise InputError(
            f"the envelope {envelope} of the operation {operation.id} is no resource with `{rows}`",
            where=str(path),
            remedy="use Collection, or give the page that defines it",
        )
    if envelope is not None:
        held = set(references_in(schemas[envelope]["properties"][rows]))
        if held and operation.resource not in held:
            raise InputError(
                f"the envelope {envelope} of the operation {operation.id} holds {', '.join(sorted(held))}, "
                f"and not {operation.resource}",
                where=str(path),
                remedy="use Collection, or an envelope of your own",
            )
    return operation


def _used(
    schemas: Mapping[str, SchemaObject],
    derived: Mapping[str, SchemaObject],
    operations: Iterable[Operation],
    read: Operations,
) -> list[SchemaObject]:
    """The derived schemas, and of the shipped ones those that something refers to."""
    waiting = [*derived, *(case.body for case in read.error_cases.values())]
    for operation in operations:
        waiting += [operation.resource, *filter(None, [operation.envelope])]
    used: dict[str, SchemaObject] = {}
    while waiting:
        name = waiting.pop()
        if name not in used and name in schemas:
            used[name] = schemas[name]
            waiting += references_in(schemas[name])
    return [used[name] for name in sorted(used)]
