"""The catalogue: one registry under three profiles, and where each constraint comes from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from partner_insights._data import schemas_dir
from partner_insights.contract import Catalogue, Profile, Severity, Standing
from partner_insights.contract.paths import find_listing
from partner_insights.errors import InputError

ROW: dict[str, Any] = {
    "workloadName": "Exchange",
    "usagePercent": 50.0,
    "licensesActive": 1,
    "licensesQualified": 2,
    "customerName": "Contoso",
    "productName": "EXCHANGE ONLINE (PLAN 1)",
    "processedDateTime": "2017-03-09T00:00:00+00:00",
    "serviceName": "o365",
    "channel": "reseller",
    "attributes": {"objectType": "CustomerLicensesUsageInsights"},
}
BODY = {"totalCount": 1, "items": [ROW], "attributes": {"objectType": "Collection"}}


def errors(catalogue: Catalogue, body: Any) -> list[Any]:
    validator = catalogue.validator(catalogue.response_schema("customer-licenses-usage"))
    return sorted(validator.iter_errors(body), key=lambda error: list(map(str, error.absolute_path)))


def changed(**values: Any) -> dict[str, Any]:
    return BODY | {"items": [ROW | values]}


def test_a_good_body_is_good() -> None:
    """Rows without the properties of E-002, as in every published sample, keep the contract."""
    assert errors(Catalogue.load(), BODY) == []


def test_formats_are_checked() -> None:
    """date-time and uuid are asserted, not skipped."""
    catalogue = Catalogue.load()
    for planted in ({"processedDateTime": "2017-03-09T00:00:00"}, {"customerId": "no-guid"}):
        assert [error.validator for error in errors(catalogue, changed(**planted))] == ["format"]


@pytest.mark.parametrize(
    ("planted", "keyword", "standing", "line_of", "erratum"),
    [
        ({"workloadName": 3.14}, "type", Standing.CORRECTED, "workloadName", "E-001"),
        ({"licensesActive": "1"}, "type", Standing.DOCUMENTED, "licensesActive", None),
        ({"licensesActive": 0.5}, "multipleOf", Standing.ASSUMED, "licensesActive", "E-005"),
        ({"usagePercent": 101}, "maximum", Standing.ASSUMED, "usagePercent", "E-004"),
        ({"attributes": {"objectType": "X"}}, "const", Standing.DOCUMENTED, "attributes", None),
        ({"attributes": {}}, "required", Standing.DOCUMENTED, "attributes", None),
    ],
)
def test_a_broken_keyword_leads_to_its_cell(
    planted: dict[str, Any], keyword: str, standing: Standing, line_of: str, erratum: str | None
) -> None:
    """Each failed keyword knows its standing, its erratum and the row it was read from."""
    catalogue = Catalogue.load()
    (error,) = errors(catalogue, changed(**planted))
    assert error.validator == keyword
    constraint = catalogue.constraint(error.schema, keyword, "objectType" if keyword == "required" else None)
    assert constraint.standing is standing
    assert constraint.erratum == erratum
    assert constraint.source is not None
    page = (schemas_dir() / "tables" / constraint.source.page).read_text(encoding="utf-8").splitlines()
    assert f"| {line_of} " in page[constraint.source.line - 1]
    assert catalogue.code_of_keyword(keyword).keyword == keyword


def test_a_keyword_that_no_schema_has_is_a_key_error() -> None:
    """Nothing reports it."""
    with pytest.raises(KeyError):
        Catalogue.load().code_of_keyword("oneOf")


def test_a_missing_property_has_its_own_standing() -> None:
    """That a listed property is present every sample shows (A-001); objectType's is documented."""
    catalogue = Catalogue.load()
    body = BODY | {"items": [{key: value for key, value in ROW.items() if key != "channel"}]}
    (error,) = errors(catalogue, body)
    constraint = catalogue.constraint(error.schema, "required", "channel")
    assert (constraint.standing, constraint.erratum) == (Standing.SAMPLED, "A-001")


def test_literal_undoes_every_correction_and_no_assumption() -> None:
    """Under `literal` the cells stand as they are; what is assumed still only warns."""
    corrected, literal = Catalogue.load(), Catalogue.load("literal")
    assert [
        list(error.absolute_path) for error in errors(literal, BODY) if error.validator != "required"
    ] == [["items", 0, "workloadName"]]
    assert list(literal.schema("ResourceAttributes")["properties"]) == ["Etag", "ObjectType"]
    usage = literal.schema("CustomerLicensesUsageInsights")
    assert "customerId" in usage["required"]
    assert literal.constraint(usage, "required", "customerId").standing is Standing.ASSUMED
    assert usage["properties"]["licensesActive"]["minimum"] == 0
    assert usage["properties"]["channel"]["examples"] == ["reseller"]
    assert "examples" not in usage["properties"]["processedDateTime"]
    text = json.dumps([dict(derived.schema) for derived in literal.resources.values()])
    assert Standing.CORRECTED not in text
    assert Standing.CORRECTED in json.dumps(
        [dict(derived.schema) for derived in corrected.resources.values()]
    )


def test_severity_follows_standing() -> None:
    """Assumptions warn, unless the profile is strict or they are certain; all else is an error."""
    for profile in Profile:
        for standing in (Standing.DOCUMENTED, Standing.CORRECTED, Standing.SAMPLED):
            assert profile.severity(standing) is Severity.ERROR
        assert profile.severity(Standing.ASSUMED, certain=True) is Severity.ERROR
        expected = Severity.ERROR if profile is Profile.STRICT else Severity.WARNING
        assert profile.severity(Standing.ASSUMED) is expected


def test_what_is_assumed_says_what_breaking_it_means() -> None:
    """Each assumed rule, code and erratum says why it is an error in every profile, or why only a warning."""
    catalogue = Catalogue.load()
    assumed = [
        each
        for each in (*catalogue.rules.values(), *catalogue.codes.values(), *catalogue.errata.values())
        if each.standing is Standing.ASSUMED
    ]
    assert len(assumed) > 40
    for each in assumed:
        assert bool(each.weight.error_because) != bool(each.weight.warning_because), each


def test_every_keyword_in_use_has_a_code() -> None:
    """Whatever keyword a derived schema uses, a violation of it has a stable code."""
    catalogue = Catalogue.load()
    unreportable = {
        "$ref",
        "properties",
        "items",
        "description",
        "examples",
        "title",
        "$id",
        "$schema",
        "x-source",
    }
    used = {
        keyword
        for derived in catalogue.resources.values()
        for schema in (derived.schema, *derived.schema["properties"].values())
        for keyword in schema
    } - unreportable
    assert used >= {"type", "required", "format", "minimum", "maximum", "multipleOf"}
    for keyword in used:
        assert catalogue.code_of_keyword(keyword).code.startswith("PI1")


def test_the_operations_are_the_documented_ones() -> None:
    """Four seed operations, and two that tell the customer ids; each error case has a status it accepts."""
    catalogue = Catalogue.load()
    seed = [operation for operation in catalogue.operations.values() if operation.seed]
    assert [operation.id for operation in seed] == [
        "partner-licenses-deployment",
        "partner-licenses-usage",
        "customer-licenses-deployment",
        "customer-licenses-usage",
    ]
    for operation in catalogue.operations.values():
        assert all(case.status in case.accepted for case in operation.errors)
    with pytest.raises(KeyError, match="unknown-customer"):
        seed[0].error("unknown-customer")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("operations.toml", 'resource = "Customer"', 'resource = "Costumer"', "Costumer"),
        ("operations.toml", '"app-only", "no-role', '"app-onyl", "no-role', "app-onyl"),
        ("codes.toml", "[PI111]", "[PI201]", "is taken"),
        ("rules.toml", 'standing = "documented"', 'standing = "sure"', "PI201"),
        ("codes.toml", 'title = "wrong type"', "", "title"),
        ("CustomerLicensesUsageInsights.schema.json", "{", "[", "cannot be read"),
        ("CustomerLicensesUsageInsights.schema.json", '"x-source"', '"x-origin"', "not a derived schema"),
    ],
)
def test_a_broken_folder_is_an_error_about_its_file(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    """A mistake in any file of the folder names that file; nothing crashes."""
    folder = Path(shutil.copytree(schemas_dir(), tmp_path / "schemas"))
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=words) as failed:
        Catalogue.load(directory=folder)
    assert file in str(failed.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without schemas says how to derive them."""
    with pytest.raises(InputError, match="derive"):
        Catalogue.load(directory=tmp_path)


def test_what_no_page_says_counts_as_documented_without_a_source() -> None:
    """Our own composition of envelope and rows has no provenance, nor has a property nobody documents."""
    catalogue = Catalogue.load()
    composed = catalogue.response_schema("customer-licenses-usage")
    usage = catalogue.schema("CustomerLicensesUsageInsights")
    for found in (
        catalogue.constraint(composed, "type"),
        catalogue.constraint(composed, "required", "items"),
        catalogue.constraint(usage, "required", "nobody"),
    ):
        assert (found.standing, found.source, found.erratum, found.was) == (
            Standing.DOCUMENTED,
            None,
            None,
            None,
        )
    about = catalogue.constraint(usage, "additionalProperties")
    assert (about.standing, about.source is None) == (Standing.DOCUMENTED, False)


def test_a_parameter_is_listed_by_the_collection_before_it_alone() -> None:
    """Not by a resource of its own at that path, nor for a parameter that the path has not."""
    catalogue = Catalogue.load()
    customer = catalogue.operations["customer"]
    found = find_listing(customer, "customer-id", catalogue)
    assert found is not None
    assert (found.listing.id, found.key) == ("customers", "id")
    with pytest.raises(KeyError, match="order-id"):
        find_listing(customer, "order-id", catalogue)
    alone = {name: replace(each, envelope=None) for name, each in catalogue.operations.items()}
    assert find_listing(customer, "customer-id", replace(catalogue, operations=alone)) is None
