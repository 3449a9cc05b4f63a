"""Derived files on disk, and the verbs that write and explain them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from partner_insights._data import schemas_dir
from partner_insights.cli import main
from partner_insights.contract import PROVENANCE, Catalogue
from partner_insights.contract.explain import explain
from partner_insights.contract.openapi import openapi_document
from partner_insights.contract.schema_files import references_in
from partner_insights.errors import InputError
from partner_insights.publication import differences, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = schemas_dir() / "tables"


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_publish_writes_what_differs_and_nothing_else(tmp_path: Path) -> None:
    """Differences are named before, gone after, and left-over schemas go where the set is complete."""
    files = {"A.schema.json": b"a", "B.schema.json": b"b"}
    assert publish(tmp_path, files, all_of="*.schema.json") == ["A.schema.json", "B.schema.json"]
    (tmp_path / "B.schema.json").write_bytes(b"edited")
    (tmp_path / "C.schema.json").write_bytes(b"c")
    assert differences(tmp_path, files, all_of="*.schema.json") == ["B.schema.json", "C.schema.json"]
    assert publish(tmp_path, files) == ["B.schema.json"]
    assert publish(tmp_path, files, all_of="*.schema.json") == ["C.schema.json"]
    assert content(tmp_path) == files


def test_publish_into_a_file_is_refused(tmp_path: Path) -> None:
    """A target that is no folder is an error about it."""
    (tmp_path / "taken").write_bytes(b"mine")
    with pytest.raises(InputError, match="taken"):
        publish(tmp_path / "taken", {"A.schema.json": b"a"})
    assert (tmp_path / "taken").read_bytes() == b"mine"


def test_what_cannot_be_written_leaves_no_folder(tmp_path: Path) -> None:
    """Neither a file nor a folder that was made for it; one that was there stays."""
    (tmp_path / "there").mkdir()
    for folder in ("there", "new"):
        with pytest.raises(InputError, match="cannot be written"):
            publish(tmp_path / folder, {"a/A.json": b"a", f"b/{'x' * 300}.json": b""})
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_derive_writes_and_checks(tmp_path: Path) -> None:
    """`derive --out` writes what `derive --check --out` then finds true, until a file is edited."""
    assert run("derive", "--out", tmp_path)[0] == 0
    assert content(tmp_path).keys() == {path.name for path in schemas_dir().glob("*.json")}
    assert run("derive", "--check", "--out", tmp_path)[0] == 0
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))  # as Git checks out on Windows
    assert run("derive", "--check", "--out", tmp_path)[0] == 0
    (tmp_path / "Link.schema.json").write_bytes(b"{}\n")
    before = content(tmp_path)
    status, output = run("derive", "--check", "--out", tmp_path)
    assert (status, content(tmp_path)) == (1, before)
    assert "differs: Link.schema.json" in output


def test_derive_fails_closed(tmp_path: Path) -> None:
    """Where one page of many is uncertain nothing is written: exit 2, one line a reason, no traceback."""
    pages = Path(shutil.copytree(TABLES, tmp_path / "pages"))
    text = "# Zz\n\n| Property | Type |\n|---|---|\n| a | strnig |\n"
    (pages / "zz.md").write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    status, output = run("derive", pages, "--out", out)
    assert status == 2
    assert "zz.md:" in output
    assert "Traceback" not in output
    assert not out.exists()


def test_derive_reports_in_json() -> None:
    """`--format json` lists resources, properties and diagnostics, also of a page that fails."""
    status, output = run("derive", TABLES / "utility-resources.md", "--format", "json")
    assert status == 0
    assert json.loads(output)["resources"]["ResourceAttributes"]["etag"] == {
        "description": "The object version.",
        "type": "string",
    }


def _without_examples(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_examples(each) for name, each in content.items() if name != "example"}
    return [_without_examples(each) for each in content] if isinstance(content, list) else content


def validate_description(document: Any) -> None:
    """By another implementation; loaded here, as each worker of xdist loads every module."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    OpenAPIV31SpecValidator(document).validate()


def test_openapi_is_valid(tmp_path: Path) -> None:
    """The description passes an independent validator, and every operation and failure is in it.

    But for the examples of a world, which no page knows of, it is the derived file.
    """
    target = tmp_path / "openapi.json"
    assert run("openapi", "--out", target)[0] == 0
    document = json.loads(target.read_bytes())
    validate_description(document)
    assert json.loads(run("openapi")[1]) == document
    derived = json.loads((schemas_dir() / "openapi.json").read_bytes())
    assert _without_examples(document) == derived
    for operation in Catalogue.load().operations.values():
        described = document["paths"][operation.path][operation.method.lower()]
        statuses = {str(status) for case in operation.errors for status in case.accepted}
        assert described["responses"].keys() == {"200", *statuses}


def test_references_are_found_at_any_depth() -> None:
    """Whatever resource a shipped schema refers to anywhere is among its references, and no other."""
    for derived in Catalogue.load().resources.values():
        written = re.findall(r'"\$ref": "(\w+)\.schema\.json"', json.dumps(derived.schema))
        assert sorted(references_in(derived.schema)) == sorted(written)


def test_openapi_resolves_every_reference() -> None:
    """A reference to a schema that is not there is noticed by the validator."""
    document = openapi_document(Catalogue.load())
    del document["components"]["schemas"]["ResourceLinks"]
    with pytest.raises(Exception, match="ResourceLinks"):
        validate_description(document)


def test_everything_can_be_explained() -> None:
    """Each code, rule, erratum, resource and property has an explanation that names it."""
    catalogue = Catalogue.load()
    subjects = [*catalogue.codes, *catalogue.rules, *catalogue.errata, *catalogue.resources]
    for resource, derived in catalogue.resources.items():
        subjects += [f"{resource}.{name}" for name in derived.schema["properties"]]
    for subject in subjects:
        heading, lines = explain(subject, catalogue)[0]
        assert subject in heading
        assert all(text for _, text in lines)


def test_every_keyword_is_explained_by_its_standing_and_what_speaks_for_it() -> None:
    """Each keyword of a property has a line: its value, its standing, and the erratum, rule or reason."""
    catalogue = Catalogue.load()
    for resource, derived in catalogue.resources.items():
        for name, schema in derived.schema["properties"].items():
            notes = schema[PROVENANCE]["keywords"]
            sections = dict(explain(f"{resource}.{name}", catalogue))
            said = dict(sections["what the contract says"])
            assert said.keys() == notes.keys()
            for keyword, note in notes.items():
                behind = [note[each] for each in ("erratum", "rule", "reason") if each in note]
                assert note["standing"] in said[keyword], (resource, name, keyword)
                assert not behind or any(each in said[keyword] for each in behind), (resource, name, keyword)
                assert (
                    keyword not in schema or json.dumps(schema[keyword], ensure_ascii=False) in said[keyword]
                )


def test_the_explanation_of_a_correction() -> None:
    """`explain CustomerLicensesUsageInsights.workloadName` prints the cell, the erratum and its evidence."""
    status, output = run("explain", "CustomerLicensesUsageInsights.workloadName")
    catalogue = Catalogue.load()
    line = catalogue.schema("CustomerLicensesUsageInsights")["properties"]["workloadName"][PROVENANCE]["line"]
    assert status == 0
    flat = re.sub(r"\s+", " ", output)
    for words in (
        f"number (analytics-resources.md:{line})",
        "corrected by E-001",
        *catalogue.errata["E-001"].evidence,
    ):
        assert words in flat


def test_an_unknown_subject_is_met_with_the_nearest() -> None:
    """A misspelt property is answered with what it may have meant, exit 2."""
    status, output = run("explain", "CustomerLicensesUsageInsights.workloadNam")
    assert status == 2
    assert "CustomerLicensesUsageInsights.workloadName" in output


def _references(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_openapi_has_no_constraint_beside_a_reference() -> None:
    """A generator that drops what stands beside a reference loses a description and no constraint."""
    document = openapi_document(Catalogue.load())
    found = list(_references(document))
    assert len(found) > 50
    assert {name for each in found for name in each} <= {"$ref", "description", "x-source"}


def test_a_parameter_in_the_path_is_required_and_never_empty() -> None:
    """An empty one would make another path; a customer's is a GUID, any other is any text of a character."""
    catalogue = Catalogue.load()
    operation = catalogue.operations["customer-licenses-usage"]
    path = operation.path + "/{line}"
    longer = replace(catalogue, operations={"lines": replace(operation, id="lines", path=path)})
    parameters = openapi_document(longer)["paths"][path]["get"]["parameters"]
    schemas = {each["name"]: each["schema"] for each in parameters if each.get("in") == "path"}
    assert all(each["required"] for each in parameters if each.get("in") == "path")
    assert schemas["customer-id"]["format"] == "uuid"
    assert [Draft202012Validator(schemas["line"]).is_valid(text) for text in ("", "x")] == [False, True]


def test_every_collection_is_a_component_with_typed_items() -> None:
    """Each answer that is a collection is a component whose items are the operation's resource."""
    catalogue = Catalogue.load()
    document = openapi_document(catalogue)
    components = document["components"]["schemas"]
    for operation in catalogue.operations.values():
        answer = document["paths"][operation.path]["get"]["responses"]["200"]
        body = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        if operation.envelope is not None:
            item = components[body]["properties"][operation.layout.rows]["items"]
            whole = {"$ref": f"#/components/schemas/{operation.resource}"}
            grouped = {"$ref": f"#/components/schemas/{operation.resource}Group"}
            assert item == ({"anyOf": [whole, grouped]} if operation.options else whole)
            assert components[body]["required"] == catalogue.schema(operation.envelope)["required"]
        else:
            assert body == operation.resource
