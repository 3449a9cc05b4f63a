"""Derived schemas, operations, errata, rules and codes → one value that everything judges and serves by."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from partner_insights._data import schemas_dir
from partner_insights.contract.formats import format_checker, validator_class
from partner_insights.contract.literal import literal_schema
from partner_insights.contract.model import (
    PROVENANCE,
    Code,
    Constraint,
    Envelope,
    Erratum,
    ErrorCase,
    JsonValue,
    Operation,
    Profile,
    Rule,
    SchemaObject,
    Source,
    Standing,
)
from partner_insights.contract.schema_files import SCHEMA_SUFFIX, file_name, reference_to, referred
from partner_insights.contract.toml_files import (
    Operations,
    read_codes,
    read_errata,
    read_operations,
    read_rules,
    source_of,
)
from partner_insights.documents import json_value
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from jsonschema import Draft202012Validator
    from referencing import Registry

    from partner_insights.contract.compiled_schemas import CompiledSchemas
    from partner_insights.contract.query import Query
    from partner_insights.contract.schema_errors import Explainer, SchemaError


class DerivedResource(Struct, frozen=True):
    """A resource's derived schema under one profile."""

    name: str
    schema: SchemaObject
    source: Source


class Catalogue(Struct, frozen=True, dict=True):
    """Everything that is known of the API, as one ready registry and its companions."""

    profile: Profile
    resources: Mapping[str, DerivedResource]
    operations: Mapping[str, Operation]
    errata: Mapping[str, Erratum]
    rules: Mapping[str, Rule]
    """By name; each rule's code is among `codes`."""
    codes: Mapping[str, Code]
    error_cases: Mapping[str, ErrorCase]
    """Every documented refusal by its name, those of no operation (`not-found`) among them."""
    base_url: str
    common_headers: tuple[str, ...]
    content_type: str

    @classmethod
    def load(cls, profile: Profile | str = Profile.CORRECTED, directory: Path | None = None) -> Catalogue:
        """Read the derived files of `directory` (default: ours, read once a process).

        InputError names the one that is broken.
        """
        if directory is None:
            return _shipped(Profile(profile))
        return cls._read(directory, Profile(profile))

    @classmethod
    def _read(cls, folder: Path, profile: Profile) -> Catalogue:
        schemas = [_read_schema(path) for path in sorted(folder.glob(f"*{SCHEMA_SUFFIX}"))]
        if not schemas:
            raise InputError(
                "holds no derived schema", where=str(folder), remedy="run `partner-insights derive`"
            )
        return cls.of(schemas, folder, profile)

    @classmethod
    def of(
        cls,
        schemas: Iterable[SchemaObject],
        folder: Path,
        profile: Profile | str,
        operations: Operations | None = None,
    ) -> Catalogue:
        """The catalogue of these schemas, with the errata, rules and codes of `folder`.

        The operations, too, are those of `folder`, unless others are given.
        """
        profile = Profile(profile)
        resources = {schema["title"]: _resource(schema, profile) for schema in schemas}
        operations = operations or read_operations(folder / "operations.toml")
        rules = read_rules(folder / "rules.toml")
        _check_references(folder / "operations.toml", operations.by_id, resources)
        return cls(
            profile=profile,
            resources=resources,
            operations=operations.by_id,
            error_cases=operations.error_cases,
            errata=read_errata(folder / "errata.toml"),
            rules=rules,
            codes=read_codes(folder / "codes.toml", rules),
            base_url=operations.base_url,
            common_headers=operations.common_headers,
            content_type=operations.content_type,
        )

    @cached_property
    def _codes_by_keyword(self) -> dict[str | None, Code]:
        return {code.keyword: code for code in self.codes.values()}

    @cached_property
    def registry(self) -> Registry[Any]:
        """Every derived schema under its `$id`, references resolvable among them."""
        # Imported here, because a server that only serves never validates: jsonschema takes 100 ms to import,
        # and seconds beside some of its optional format packages.
        from referencing import Registry, Resource
        from referencing.jsonschema import DRAFT202012

        contents = [
            (
                file_name(name),
                Resource.from_contents(dict(derived.schema), default_specification=DRAFT202012),
            )
            for name, derived in self.resources.items()
        ]
        registry: Registry[Any] = Registry().with_resources(contents)
        return registry.crawl()

    def schema(self, resource: str) -> SchemaObject:
        """The schema of one resource; KeyError for a name that is not derived."""
        return self.resources[resource].schema

    @cached_property
    def paged_operations(self) -> Mapping[Envelope, tuple[Operation, ...]]:
        """The operations with an envelope of another layout than most have, by that."""
        layouts = dict.fromkeys(each.layout for each in self.operations.values())
        return {
            layout: tuple(each for each in self.operations.values() if each.layout == layout)
            for layout in layouts
            if layout != Envelope()
        }

    @cached_property
    def property_names(self) -> frozenset[str]:
        """What the properties of all resources and envelopes are called."""
        return frozenset(
            name for each in self.resources.values() for name in each.schema.get("properties", ())
        )

    def followed(self, schema: SchemaObject) -> Iterator[SchemaObject]:
        """The schema, then the one it refers to, and so on: no derived schema refers straight to itself."""
        yield schema
        while (resource := referred(schema)) is not None:
            schema = self.schema(resource)
            yield schema

    def rules_about(self, operation: Operation) -> tuple[Rule, ...]:
        """The rules about the rows of an operation, or its envelope.

        Those about rows go by what the world knows of a resource; of a synthetic operation it knows nothing.
        """
        known = None if operation.synthetic else operation.resource
        named = known, operation.envelope
        if named not in self._rules_about:
            about = {*named}
            found = (rule for rule in self.rules.values() if about & set(rule.resources))
            self._rules_about[named] = tuple(found)
        return self._rules_about[named]

    @cached_property
    def _rules_about(self) -> dict[tuple[str | None, str | None], tuple[Rule, ...]]:
        return {}

    def response_schema(self, operation: Operation | str, query: Query | None = None) -> SchemaObject:
        """The schema of a 200's body: the envelope with its rows, or the resource itself.

        A `query` that groups rows, or names their properties, has rows of its own form.
        """
        promised = self.operations[operation] if isinstance(operation, str) else operation
        item: SchemaObject = reference_to(promised.resource)
        if query is not None and (query.group is not None or query.select is not None):
            item = self._row_schema(promised, query)
        if promised.envelope is None:
            return item
        return {**reference_to(promised.envelope), "properties": {promised.layout.rows: {"items": item}}}

    def _row_schema(self, operation: Operation, query: Query) -> SchemaObject:
        """What a row has by the query alone: its fields, and the measures of a group."""
        properties = self.schema(operation.resource)["properties"]
        names = list(query.select or ())
        if query.group is not None:
            names = [*query.group, *(each.name for each in operation.options.measures)]
        shown = {name: properties[name] for name in names if name in properties}
        return {"type": "object", "properties": shown, "required": list(shown)}

    def error_schema(self, case: ErrorCase) -> SchemaObject:
        """The schema of the body of a documented failure."""
        return reference_to(case.body)

    def validator(self, schema: SchemaObject) -> Draft202012Validator:
        """A validator that resolves references here and checks formats (jsonschema skips them unasked)."""
        return validator_class()(dict(schema), registry=self.registry, format_checker=format_checker())

    def fits(self, value: JsonValue, schema: SchemaObject) -> bool:
        """Whether a value certainly fits a schema; where that is not certain, ask `validator`."""
        return self._compiled.fits(value, schema)

    def errors(self, value: JsonValue, schema: SchemaObject) -> Iterator[SchemaError]:
        """What `validator` says is wrong, in its order; what certainly fits is not looked at."""
        return self._explainer.errors(value, schema)

    @cached_property
    def _explainer(self) -> Explainer:
        from partner_insights.contract.schema_errors import Explainer

        return Explainer(self.fits, self.schema, self.validator({}))

    @cached_property
    def _compiled(self) -> CompiledSchemas:
        from partner_insights.contract.compiled_schemas import CompiledSchemas  # nothing that serves needs it

        return CompiledSchemas({name: derived.schema for name, derived in self.resources.items()})

    def constraint(self, subschema: SchemaObject, keyword: str, name: str | None = None) -> Constraint:
        """Where a keyword of a derived subschema comes from and how it stands.

        For `required`, `name` says which property was missing: each has a standing of its own. A subschema
        without provenance (our own composition of envelope and items) counts as documented, without source.
        """
        noted = keyword
        if keyword == "required" and name is not None:
            subschema, noted = subschema.get("properties", {}).get(name, {}), "presence"
        provenance = subschema.get(PROVENANCE)
        if provenance is None:
            return Constraint(keyword, Standing.DOCUMENTED, None)
        return _constraint(keyword, provenance, provenance["keywords"].get(noted))

    def property_source(self, resource: str, name: str) -> Source:
        """The row that documents a property; KeyError where there is none."""
        return source_of(self.schema(resource)["properties"][name][PROVENANCE], "Property")

    def code_of_keyword(self, keyword: str) -> Code:
        """The code that reports a broken keyword; KeyError for one that no derived schema may use."""
        return self._codes_by_keyword[keyword]


@cache
def _shipped(profile: Profile) -> Catalogue:
    return Catalogue._read(schemas_dir(), profile)


def _constraint(keyword: str, provenance: Mapping[str, Any], note: Mapping[str, Any] | None) -> Constraint:
    if note is None:
        return Constraint(keyword, Standing.DOCUMENTED, source_of(provenance, None))
    return Constraint(
        keyword=keyword,
        standing=Standing(note["standing"]),
        source=source_of(provenance, note["column"]),
        erratum=note.get("erratum"),
        was=note.get("was"),
    )


def _resource(schema: SchemaObject, profile: Profile) -> DerivedResource:
    judged = literal_schema(schema) if profile is Profile.LITERAL else schema
    return DerivedResource(schema["title"], judged, source_of(schema[PROVENANCE], "Heading"))


def _read_schema(path: Path) -> dict[str, Any]:
    try:
        schema = json_value(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from error
    if not isinstance(schema, dict) or PROVENANCE not in schema or "properties" not in schema:
        raise InputError("is not a derived schema", where=str(path), remedy="run `partner-insights derive`")
    return schema


def _check_references(
    where: Path, operations: Mapping[str, Operation], resources: Mapping[str, DerivedResource]
) -> None:
    for operation in operations.values():
        named = {operation.resource, *(case.body for case in operation.errors)}
        if operation.envelope is not None:
            named.add(operation.envelope)
        for name in sorted(named - resources.keys()):
            raise InputError(
                f"the operation {operation.id} names the resource {name}, which is not derived",
                where=str(where),
            )
