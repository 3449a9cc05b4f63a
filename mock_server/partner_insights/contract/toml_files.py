"""The hand-written TOML of the schemas folder → the contract's values, checked on the way in."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert

from partner_insights.contract.model import (
    Code,
    Envelope,
    Erratum,
    ErratumTarget,
    ErrorCase,
    Operation,
    Rule,
    Source,
    Weight,
)
from partner_insights.contract.query.parameters import QueryOptions, option_of
from partner_insights.documents import toml_value
from partner_insights.errors import InputError
from partner_insights.file_reader import read_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KEYWORD_HOW_TO_ACCEPT = (
    "If the service is right and the cell is wrong, write an erratum with your evidence: into a file of your "
    "own for `--errata FILE`, in the form that `verify --propose-errata FILE` writes, or in a checkout into "
    "schemas/errata.toml, and derive again."
)
RULE_HOW_TO_ACCEPT = (
    "If the service is right, accept it in a baseline with your reason; in a checkout, drop the rule from "
    "schemas/rules.toml or narrow its resources, saying why."
)
WIRE_HOW_TO_ACCEPT = (
    "The answer itself is broken for some client: fix the service, or report it; or accept it in a baseline "
    "with your reason."
)

_OPTION_KEYS = {
    *("kind", "use", "fields", "operators", "functions", "bare-values", "properties", "dates", "booleans"),
    *("numbers", "exact"),
    *("measures", "also", "needs", "notes", "standing", "source"),
}
"""What a query parameter says besides its schema."""
_TARGET_KEYS = {"page", "resource", "property", "column", "cell", "contains", "change"}
_WEIGHT_KEYS = {"error-because", "warning-because"}
_ERRATUM_KEYS = {"id", "title", "standing", "reason", "evidence", "targets", "operations"} | _WEIGHT_KEYS


class Operations(Struct, frozen=True):
    """`operations.toml` as values."""

    base_url: str
    common_headers: tuple[str, ...]
    content_type: str
    error_cases: Mapping[str, ErrorCase]
    by_id: Mapping[str, Operation]


def read_operations(path: Path) -> Operations:
    """Every operation with its error cases filled in from the shared table."""
    return operations_of(read_toml(path), path)


def operations_of(document: Mapping[str, Any], path: Path) -> Operations:
    """A document of operations as values; `path` is named in errors."""
    with _Entry(path, "operations"):
        errors = document["errors"].items()
        cases = {name: convert({"code": None, **entry, "case": name}, ErrorCase) for name, entry in errors}
        envelopes = convert(document.get("envelope", {}), dict[str, Envelope])
        shared = document.get("query", {})
        by_id = {entry["id"]: _operation(entry, cases, envelopes, shared) for entry in document["operation"]}
        return Operations(
            base_url=document["base-url"],
            common_headers=tuple(document["common-headers"]),
            content_type=document["content-type"],
            error_cases=cases,
            by_id=by_id,
        )


def read_errata(path: Path) -> dict[str, Erratum]:
    """Every erratum and assumption, in the order they are applied."""
    errata: dict[str, Erratum] = {}
    for entry in read_toml(path).get("erratum", []):
        with _Entry(path, entry.get("id", f"erratum number {len(errata) + 1}")):
            targets, weight = tuple(_targets(entry)), _weight(entry)
            erratum = convert({**entry, "targets": targets, "weight": weight}, Erratum)
            about = erratum.targets or erratum.operations
            if not erratum.evidence or not about or erratum.id in errata:
                raise ValueError("an erratum has its own id, some evidence and a target or operations")
            errata[erratum.id] = erratum
    return errata


def read_rules(path: Path) -> dict[str, Rule]:
    """Every rule by its name."""
    rules: dict[str, Rule] = {}
    for entry in read_toml(path)["rule"]:
        with _Entry(path, entry.get("code", "a rule without code")):
            rule = convert({**entry, "weight": _weight(entry)}, Rule)
            rules[rule.name] = rule
    return rules


def read_codes(path: Path, rules: Mapping[str, Rule]) -> dict[str, Code]:
    """Every code, the rules' own among them."""
    codes: dict[str, Code] = {}
    for number, entry in read_toml(path).items():
        with _Entry(path, number):
            how = KEYWORD_HOW_TO_ACCEPT if "keyword" in entry else WIRE_HOW_TO_ACCEPT
            computed = {"code": number, "how_to_accept": how, "weight": _weight(entry)}
            codes[number] = convert({**entry, **computed}, Code)
    for rule in rules.values():
        if rule.code in codes:
            raise InputError(f"the code {rule.code} of the rule {rule.name} is taken", where=str(path))
        codes[rule.code] = Code(
            code=rule.code,
            title=rule.name,
            meaning=f"The rule: {rule.statement}.",
            how_to_accept=RULE_HOW_TO_ACCEPT,
            standing=rule.standing,
            weight=rule.weight,
        )
    return dict(sorted(codes.items()))


def _weight(entry: Mapping[str, Any]) -> Weight:
    reasons = Weight(entry.get("error-because", ""), entry.get("warning-because", ""))
    if reasons.error_because and reasons.warning_because:
        raise ValueError("what breaks it is an error in every profile, or it is not")
    return reasons


def source_of(provenance: Mapping[str, Any], column: str | None) -> Source:
    """The cell that an `x-source` annotation names; without a column, the first of its row."""
    cells: Mapping[str, str] = provenance["cells"]
    chosen = column if column is not None and column in cells else next(iter(cells))
    return Source(page=provenance["page"], line=provenance["line"], cell=cells[chosen], column=chosen)


def _operation(
    entry: Mapping[str, Any],
    cases: Mapping[str, ErrorCase],
    envelopes: Mapping[str, Envelope],
    shared: Mapping[str, Mapping[str, Any]],
) -> Operation:
    stated = entry.get("query", {}).items()
    query = {name: _with_shared(each, shared) for name, each in stated}
    envelope = entry.get("envelope")
    options = QueryOptions(tuple(option_of(name, each) for name, each in query.items() if "kind" in each))
    computed = {
        "envelope": envelope,
        "query": {name: _schema(each) for name, each in query.items()},
        "options": options,
        "layout": envelopes.get(envelope or "", Envelope()),
        "errors": tuple(cases[name] for name in entry["errors"]),
    }
    return convert({**entry, **computed}, Operation)


def _with_shared(parameter: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The parameter with what it shares with others; notes add up."""
    if "use" not in parameter:
        return parameter
    common = shared[parameter["use"]]
    return {**common, **parameter, "notes": [*common.get("notes", ()), *parameter.get("notes", ())]}


def _schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON Schema can say of the parameter; a default may be a word that nobody may send."""
    schema = {key: value for key, value in parameter.items() if key not in _OPTION_KEYS}
    if "enum" in schema and schema.get("default") not in schema["enum"]:
        schema.pop("default", None)
    return schema


def _targets(erratum: Mapping[str, Any]) -> Iterator[ErratumTarget]:
    """What a target does not say itself, its erratum says for all of them."""
    if "operations" in erratum and "targets" not in erratum:
        return
    for own in erratum["targets"]:
        unknown = (own.keys() | erratum.keys()) - _TARGET_KEYS - _ERRATUM_KEYS
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))} is unknown")
        entry = {**erratum, **own}
        for resource, name in product(_list(entry["resource"]), _list(entry.get("property"))):
            yield _target(entry, resource, name)


def _target(entry: Mapping[str, Any], resource: str, name: str | None) -> ErratumTarget:
    cell, contains = entry.get("cell"), entry.get("contains")
    if cell is None and contains is None and name is not None:
        if entry["column"] != "Property":
            raise ValueError(f"it does not say what the {entry['column']} cell of {resource}.{name} holds")
        cell = name
    return ErratumTarget(entry["page"], resource, name, entry["column"], cell, contains, entry["change"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Entry:
    """Turns what is wrong inside one entry of a file into an error that names both."""

    def __init__(self, path: Path, entry: str) -> None:
        self.path = path
        self.entry = entry

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, KeyError):
            raise InputError(
                f"{self.entry}: {error.args[0]!r} is missing or unknown", where=str(self.path)
            ) from error
        if isinstance(error, (ValueError, TypeError, AttributeError)):
            raise InputError(f"{self.entry}: {error}", where=str(self.path)) from error


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as it stands; InputError where it cannot be read."""
    try:
        return toml_value(read_input(path).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from error
    except ValueError as error:
        raise InputError(f"is not valid TOML ({error})", where=str(path)) from error
