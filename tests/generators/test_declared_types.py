"""The types that `types` writes: accepted by compilers and validators, and true to the contract."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import typing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from partner_insights import __version__
from partner_insights.cli.verbs import main
from partner_insights.client_types import LANGUAGES, declared_files
from partner_insights.client_types.bundle import BASE
from partner_insights.client_types.declarations import Kind, declarations
from partner_insights.client_types.languages import _java_name, _pascal
from partner_insights.contract import Catalogue
from partner_insights.fixtures import customer_usage, response

USAGE = "CustomerLicensesUsageInsights"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def types(language: str, out: Path, *options: str) -> int:
    return CliRunner().invoke(main, ["types", "--language", language, "--out", str(out), *options]).exit_code


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_is_written_and_compared(language: str, tmp_path: Path) -> None:
    """--check is 0 of what was written, and 1 of anything else; it writes nothing."""
    assert types(language, tmp_path / "new") == 0
    assert types(language, tmp_path / "new", "--check") == 0
    (file,) = (tmp_path / "new").iterdir()
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))  # as Git checks out on Windows
    assert types(language, tmp_path / "new", "--check") == 0
    file.write_bytes(b"another")
    assert types(language, tmp_path / "new", "--check") == 1
    assert types(language, tmp_path / "none", "--check") == 1
    assert file.read_bytes() == b"another"
    assert not (tmp_path / "none").exists()


def test_every_property_is_declared(catalogue: Catalogue) -> None:
    """Each resource has its properties, those of the contract required and no others; counts are whole."""
    declared = {each.name: each for each in declarations(catalogue)}
    for name in catalogue.resources:
        schema = catalogue.schema(name)
        members = {each.name: each for each in declared[name].properties}
        assert members.keys() == schema["properties"].keys()
        assert {each for each, member in members.items() if member.required} == set(
            schema.get("required", ())
        )
    usage = {each.name: each.kind for each in declared[USAGE].properties}
    assert (usage["licensesActive"], usage["usagePercent"]) == (Kind("integer"), Kind("number"))
    assert {each.name: each.kind for each in declared[f"{USAGE}Collection"].properties}["items"] == Kind(
        "array", element=Kind("reference", USAGE)
    )


def test_every_reference_is_declared_once(catalogue: Catalogue) -> None:
    """No name stands for two objects, none is missing; in each language the members of an object differ."""
    found = declarations(catalogue)
    names = [each.name for each in found]
    assert len(set(names)) == len(names)
    for each in found:
        for member in each.properties:
            kind: Kind | None = member.kind
            while kind is not None:
                assert not kind.target or kind.target in names
                kind = kind.element
        for named in (_pascal, _java_name):
            assert len({named(member.name) for member in each.properties}) == len(each.properties)


def test_the_types_of_python_are_those_of_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of the fixtures has the properties of its TypedDict."""
    types("python", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("partner_insights_types")
    hints = typing.get_type_hints(getattr(module, USAGE))
    row = customer_usage()
    assert hints.keys() >= row.keys()
    for name, value in row.items():
        if hints[name] in (str, int, float):
            assert isinstance(value, (int, float) if hints[name] is float else hints[name])


def test_the_bundle_is_found_by_its_ids(catalogue: Catalogue) -> None:
    """A validator that knows the file alone judges an answer by an absolute `$id`."""
    (content,) = declared_files("json-schema", catalogue).values()
    bundle = json.loads(content)
    registry: Any = Resource.from_contents(bundle) @ Registry()
    reference = {"$ref": f"{BASE}/{__version__}/{USAGE}Collection.schema.json"}
    validator = Draft202012Validator(reference, registry=registry)
    body = response("customer-licenses-usage")
    assert list(validator.iter_errors(body)) == []
    body["items"][0]["licensesActive"] = "many"
    (error,) = validator.iter_errors(body)
    assert list(error.absolute_path) == ["items", 0, "licensesActive"]
    assert "x-source" not in content.decode()


AJV = """
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { readFileSync } from "node:fs";
const [id, ...bodies] = process.argv.slice(2);
const ajv = addFormats(new Ajv({ strict: true }));
ajv.addSchema(JSON.parse(readFileSync("partner-insights.schema.json", "utf8")));
const validate = ajv.getSchema(id);
console.log(JSON.stringify(bodies.map((body) => validate(JSON.parse(body)))));
"""


@pytest.mark.external
def test_ajv_takes_the_bundle(tmp_path: Path) -> None:
    """In its strict mode, and finds a resource by its `$id`."""
    modules = Path(os.environ.get("PARTNER_INSIGHTS_NODE_BIN", "")).parent
    if not (modules / "ajv-formats").is_dir():
        pytest.skip("PARTNER_INSIGHTS_NODE_BIN names no folder with ajv and ajv-formats")
    (tmp_path / "node_modules").symlink_to(modules, target_is_directory=True)
    (tmp_path / "judge.mjs").write_text(AJV, encoding="utf-8")
    types("json-schema", tmp_path)
    row = customer_usage()
    bodies = [json.dumps(each) for each in (row, row | {"licensesActive": "many"})]
    command = ["node", "judge.mjs", f"{BASE}/{__version__}/{USAGE}.schema.json", *bodies]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[true,false]\n", "")


def compiled(folder: Path, *command: str) -> None:
    """The compiler takes it, where there is one."""
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.external
def test_odd_names_and_words_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no name in a language gets one, and no description ends its comment."""
    from partner_insights.client_types import declarations as module

    odd = {
        "@nextLink": {"type": ["string", "null"], "description": "ends */ here </summary> \\u000a \"\"\" é"},
        "class": {"type": "integer"},
        "2nd-value": {"type": "array", "items": {"type": "integer"}},
        "list": {"type": "string", "enum": ["a", "b'\""]},
        "any": {},
    }  # fmt: skip
    schemas = {
        "Odd": {"type": "object", "description": 'a */ """ \\ <b>', "properties": odd, "required": ["class"]}
    }
    monkeypatch.setattr(module, "openapi_document", lambda _: {"components": {"schemas": schemas}})
    catalogue = Catalogue.load()
    for language in ("java", "csharp", "python", "typescript"):
        for name, content in declared_files(language, catalogue).items():
            (tmp_path / name).write_bytes(content)
    compile((tmp_path / "partner_insights_types.py").read_text(encoding="utf-8"), "types", "exec")
    compiled(tmp_path, "javac", "-d", "out", "PartnerInsights.java")
    compiled(tmp_path, "mcs", "-t:library", "-r:System.Runtime.Serialization", "PartnerInsights.cs")
