"""Pages and errata become schemas: the same bytes, the right standing, or a reason why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from partner_insights._data import schemas_dir
from partner_insights.cli.verbs import main
from partner_insights.contract import PROVENANCE, Catalogue, Standing
from partner_insights.contract.model import ErratumTarget
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.bundled_pages import derive_pages, shipped_files
from partner_insights.derive.derivation import Derivation, DerivationFailed
from partner_insights.derive.errata import ErratumError
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMAS = schemas_dir()
SEED = Path(__file__).resolve().parents[2].parent / "shared" / "seed" / "analytics-resources.md"
FOUR = (
    "PartnerLicensesDeploymentInsights",
    "PartnerLicensesUsageInsights",
    "CustomerLicensesDeploymentInsights",
    "CustomerLicensesUsageInsights",
)
UNJUDGED = {"$schema", "$id", "title", "properties", PROVENANCE}
"""Keys that constrain nothing, or whose members are judged themselves."""


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A copy of the schemas folder to plant faults in."""
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def derive_all(folder: Path) -> Derivation:
    return derive_pages([folder / "tables"], folder)


def edit(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def subschemas(schema: Mapping[str, Any], pointer: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield pointer, schema
    for name, row in schema.get("properties", {}).items():
        yield from subschemas(row, f"{pointer}/{name}")


def without_standing(schema: Mapping[str, Any]) -> list[str]:
    """The keywords of a derived schema that do not say where they come from."""
    return [
        f"{pointer}: {keyword}"
        for pointer, subschema in subschemas(schema)
        for keyword in subschema.keys() - UNJUDGED - ({"description"} if not pointer else set())
        if keyword not in subschema.get(PROVENANCE, {}).get("keywords", {})
        and not (keyword == "required" and each_stands(subschema))
    ]


def each_stands(schema: Mapping[str, Any]) -> bool:
    """Whether each required property says itself why it is present."""
    rows = schema["properties"]
    return all("presence" in rows[name][PROVENANCE]["keywords"] for name in schema["required"])


def structure(derivation: Derivation) -> dict[str, Any]:
    """Resources, properties in order, and every constraint; not the words, nor the lines they stand on."""

    def bare(schema: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in schema.items() if key not in (PROVENANCE, "description")}
        if "properties" in kept:
            kept["properties"] = [(name, bare(row)) for name, row in kept["properties"].items()]
        return kept

    return {name: bare(schema) for name, schema in derivation.schemas.items()}


def test_derivation_is_committed() -> None:
    """The committed files are what the tables and errata derive to, byte for byte, every time."""
    first, second = (shipped_files(derive_all(SCHEMAS), SCHEMAS) for _ in range(2))
    assert first == second
    assert first == {name: (SCHEMAS / name).read_bytes() for name in first}


def test_the_resources_are_there() -> None:
    """One schema a resource, the envelopes and the two error bodies among them."""
    expected = {*FOUR, "ResourceAttributes", "Collection", "ErrorResponse", "ThrottledResponse"}
    assert expected <= derive_all(SCHEMAS).schemas.keys()


def test_every_keyword_has_a_standing() -> None:
    """No keyword of a derived schema is without page, line, cell and standing."""
    for schema in derive_all(SCHEMAS).schemas.values():
        assert without_standing(schema) == []
        for pointer, subschema in subschemas(schema):
            provenance = subschema[PROVENANCE]
            page = (SCHEMAS / "tables" / provenance["page"]).read_text(encoding="utf-8").splitlines()
            line = page[provenance["line"] - 1]
            for cell in provenance["cells"].values():
                assert cell.split()[0] in line, (pointer, line)
            for note in provenance["keywords"].values():
                assert note["standing"] in set(Standing)
                assert note["column"] in {*provenance["cells"], "Property"}


def test_a_keyword_without_standing_is_noticed() -> None:
    """The check above fails on a keyword that nobody accounts for."""
    schema = json.loads(json.dumps(derive_all(SCHEMAS).schemas[FOUR[0]]))
    schema["properties"]["licensesSold"]["maximum"] = 7
    assert without_standing(schema) == ["/licensesSold: maximum"]


def test_schemas_are_schemas() -> None:
    """Every derived schema is valid by the 2020-12 metaschema, and its examples validate."""
    catalogue = Catalogue.load()
    for derived in catalogue.resources.values():
        Draft202012Validator.check_schema(dict(derived.schema))
        for _, subschema in subschemas(derived.schema):
            for example in subschema.get("examples", ()):
                catalogue.validator(subschema).validate(example)


@pytest.mark.skipif(not SEED.is_file(), reason="the published page is not at hand")
def test_the_published_page_has_the_same_structure() -> None:
    """The seed page derives to the same resources, properties and constraints as our own."""
    own, published = structure(derive_all(SCHEMAS)), structure(derive_pages([SEED], SCHEMAS))
    assert published.keys() == {*FOUR, "ResourceAttributes"}
    assert {name: own[name] | {"$id": ""} for name in published} == {
        name: published[name] | {"$id": ""} for name in published
    }


@pytest.mark.skipif(not SEED.is_file(), reason="the published page is not at hand")
def test_a_changed_published_page_is_noticed(tmp_path: Path) -> None:
    """The comparison above fails where one example differs."""
    page = tmp_path / "analytics-resources.md"
    shutil.copy(SEED, page)
    edit(page, "o365, crm", "o365, crm, intune")
    assert structure(derive_pages([page], SCHEMAS))[FOUR[0]] != structure(derive_all(SCHEMAS))[FOUR[0]]


def test_the_facts_of_the_customer_usage_table() -> None:
    """The const, the examples, the format, the reference and the correction land where they belong."""
    properties = derive_all(SCHEMAS).schemas["CustomerLicensesUsageInsights"]["properties"]
    assert properties["workloadName"]["type"] == "string"
    assert properties["workloadName"][PROVENANCE]["cells"]["Type"] == "number"
    assert properties["serviceName"]["examples"] == ["o365", "crm"]
    assert properties["processedDateTime"]["format"] == "date-time"
    attributes = properties["attributes"]
    assert attributes["$ref"] == "ResourceAttributes.schema.json"
    assert attributes["properties"]["objectType"]["const"] == "CustomerLicensesUsageInsights"
    assert attributes["required"] == ["objectType"]


STALE = {
    "a property that is gone": (
        "| workloadName      | number",
        "| workload          | number",
        "E-001",
        "no row workloadName",
    ),
    "a cell that reads otherwise": (
        "| workloadName      | number",
        "| workloadName      | string",
        "E-001",
        "reads 'string'",
    ),
    "a resource that is gone": (
        "## CustomerLicensesUsageInsights",
        "## CustomerLicensesInsights",
        "E-001",
        "no resource",
    ),
    "words that are gone": ("licenses deployed", "licenses used", "E-003", "expects the words"),
}


@pytest.mark.parametrize(("old", "new", "erratum", "words"), STALE.values(), ids=STALE)
def test_a_stale_erratum_fails(workshop: Path, old: str, new: str, erratum: str, words: str) -> None:
    """An erratum whose target is gone, or whose cell reads otherwise, stops the derivation and is named."""
    page = workshop / "tables" / "analytics-resources.md"
    edit(page, old, new, count=-1)
    with pytest.raises(ErratumError) as failed:
        derive_all(workshop)
    assert erratum in str(failed.value)
    assert words in str(failed.value)


def test_an_erratum_without_effect_fails(workshop: Path) -> None:
    """An erratum that says what the cell says already stops the derivation and is named."""
    edit(workshop / "errata.toml", 'change = { type = "string" }', 'change = { type = "number" }')
    with pytest.raises(ErratumError, match="E-001 changes nothing"):
        derive_all(workshop)


@pytest.mark.parametrize("name", ["Collection", "ErrorResponse", "CustomerLicensesUsageInsights"])
def test_an_erratum_is_about_its_own_page(tmp_path: Path, name: str) -> None:
    """Another page's resource of the same name is what that page says, whatever it says."""
    page = tmp_path / "things.md"
    page.write_text(
        PAGE.replace("## Thing", f"## {name}").replace("| id |", "| workloadName |"), encoding="utf-8"
    )
    (schema,) = derive_pages([page], SCHEMAS).schemas.values()
    assert schema["title"] == name
    assert list(schema["properties"]) == ["workloadName"]
    assert "erratum" not in str(schema)


PAGE = (
    "# Things\n\n## Thing\n\n| Property | Type | Description |\n|---|---|---|\n| id | string | Names it. |\n"
)
UNCERTAIN = {
    "no resource table": ("# Nothing here\n\nJust words.\n", "no resource table"),
    "an unknown column": (PAGE.replace("Description", "Mood"), ":5: "),
    "an unknown type": (PAGE.replace("| string", "| strnig"), ":7: "),
    "a duplicate property": (PAGE + "| id | number | Again. |\n", ":8: "),
    "a reference that leads nowhere": (PAGE + "| it | [It](other.md#it) | It. |\n", ":8: "),
}


@pytest.mark.parametrize(("text", "words"), UNCERTAIN.values(), ids=UNCERTAIN)
def test_an_uncertain_page_fails(tmp_path: Path, text: str, words: str) -> None:
    """What cannot be read for certain is refused: page:line, what was found, what would be accepted."""
    page = tmp_path / "things.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(DerivationFailed) as failed:
        derive_pages([page], SCHEMAS)
    assert "things.md:" in str(failed.value)
    assert words in str(failed.value)
    assert "accepted" in str(failed.value)


@pytest.mark.parametrize(
    "options", [[], ["--lenient"], ["--lenient", "--check"], ["--lenient", "--format", "json"]]
)
def test_pages_without_a_resource_are_an_error(tmp_path: Path, options: list[str]) -> None:
    """Lenient or not: exit code 2, and nothing is written."""
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n\nNo table at all.\n", encoding="utf-8")
    out = tmp_path / "out"
    refused = CliRunner().invoke(main, ["derive", str(page), "--out", str(out), *options])
    assert refused.exit_code == 2
    assert "no resource" in refused.output
    assert not out.exists()


def test_schemas_of_others_stay_in_a_folder_that_is_named(tmp_path: Path) -> None:
    """Of our own pages, too: only where ours are kept, what is left over of an earlier edition goes."""
    theirs = tmp_path / "Widget.schema.json"
    theirs.write_text("{}", encoding="utf-8")
    derived = CliRunner().invoke(main, ["derive", "--out", str(tmp_path)])
    assert derived.exit_code == 0, derived.output
    assert theirs.read_text(encoding="utf-8") == "{}"
    assert "Widget" not in derived.output
    assert (tmp_path / "CustomerLicensesUsageInsights.schema.json").exists()


def test_lenient_leaves_the_uncertain_without_constraint(tmp_path: Path) -> None:
    """`lenient` keeps a diagnostic for each uncertain cell and puts no type in its place."""
    page = tmp_path / "things.md"
    page.write_text(PAGE + "| mood | strnig | Odd. |\n| it | [It](other.md#it) | It. |\n", encoding="utf-8")
    derivation = derive_pages([page], SCHEMAS, lenient=True)
    properties = derivation.schemas["Thing"]["properties"]
    assert properties["id"]["type"] == "string"
    assert properties["mood"].keys() == properties["it"].keys() == {"description", PROVENANCE}
    assert {found.line for found in derivation.diagnostics} == {8, 9}


def two_pages(
    folder: Path, first: str, second: str, names: tuple[str, str] = ("one.md", "two.md")
) -> Derivation:
    for name, text in zip(names, (first, second), strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return derive_pages([folder], SCHEMAS)


def test_a_resource_that_two_pages_define_alike_is_one(tmp_path: Path) -> None:
    """The first of them stands; a warning names the second."""
    derivation = two_pages(tmp_path, PAGE, PAGE)
    assert [schema["x-source"]["page"] for schema in derivation.schemas.values()] == ["one.md"]
    assert [(found.code, found.page) for found in derivation.diagnostics] == [("repeated-resource", "two.md")]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (("one.md", "two.md"), {"one-Thing", "two-Thing"}),
        (("thing.md", "big-thing.md"), {"Thing", "big-thing"}),
        (("a/thing.md", "b/thing.md"), {"Thing", "b-Thing"}),
    ],
)
def test_a_name_on_two_pages_is_told_apart(tmp_path: Path, files: tuple[str, str], names: set[str]) -> None:
    """Each has a schema of its own, named after its page, and a link means that of the page it leads to."""
    other = PAGE.replace("| id |", f"| it | [Thing](../{files[0]}#thing) | It. |\n| key |")
    schemas = two_pages(tmp_path, PAGE, other, files).schemas
    assert {schema["title"] for schema in schemas.values()} == set(schemas) == names
    (reference,) = [
        row["$ref"] for each in schemas.values() for row in each["properties"].values() if "$ref" in row
    ]
    assert list(schemas[reference.removesuffix(".schema.json")]["properties"]) == ["id"]


def test_missing_page_and_empty_folder(tmp_path: Path) -> None:
    """A page that is not there, or a folder without pages, is named."""
    with pytest.raises(InputError, match=r"absent\.md"):
        derive_pages([tmp_path / "absent.md"], SCHEMAS)
    with pytest.raises(InputError, match="holds no page"):
        derive_pages([tmp_path], SCHEMAS)


def test_an_erratum_says_once_what_its_targets_share(workshop: Path) -> None:
    """Lists of resources and properties mean all their pairs; what a target says itself goes first."""
    (workshop / "errata.toml").write_text(
        """
        [[erratum]]
        id = "E-1"
        title = "t"
        standing = "corrected"
        reason = "r"
        evidence = ["e"]
        page = "shared.md"
        column = "Property"
        change = { required = false }
        targets = [
            { resource = ["A", "B"], property = ["x", "y"] },
            { page = "own.md", resource = "C", property = "z", column = "Type", contains = "words" },
            { resource = "D" },
        ]
        """,
        encoding="utf-8",
    )
    off = {"required": False}
    assert read_errata(workshop / "errata.toml")["E-1"].targets == (
        *(ErratumTarget("shared.md", a, b, "Property", b, None, off) for a, b in ("Ax", "Ay", "Bx", "By")),
        ErratumTarget("own.md", "C", "z", "Type", None, "words", off),
        ErratumTarget("shared.md", "D", None, "Property", None, None, off),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('standing = "corrected"', 'standing = "guessed"', "guessed"),
        ('id = "E-001"', 'id = "A-001"', "its own id"),
        ('title = "workloadName is a string"', "", "title"),
        ("[[erratum]]", "[[erratum", "not valid TOML"),
        ('contains = "reseller"', 'containing = "reseller"', "E-009: containing is unknown"),
        ('property = "channel" }', 'property = "channel", cel = "x" }', "E-009: cel is unknown"),
        ('contains = "reseller"', "", "what the Description cell of .*channel holds"),
    ],
)
def test_a_malformed_erratum_is_named(workshop: Path, old: str, new: str, words: str) -> None:
    """A mistake in errata.toml is an error about that file, not a crash."""
    edit(workshop / "errata.toml", old, new)
    with pytest.raises(InputError, match=words) as failed:
        read_errata(workshop / "errata.toml")
    assert "errata.toml" in str(failed.value)


def test_a_link_to_a_section_without_a_table_is_left_open(tmp_path: Path) -> None:
    """The section is there, so the reference is none that leads nowhere: a note, and no constraint."""
    page = PAGE + "| it | [It](#it) | It. |\n\n## It\n\nOne thing or another.\n"
    (tmp_path / "a.md").write_text(page, encoding="utf-8")
    derivation = derive_pages([tmp_path / "a.md"], SCHEMAS)
    assert [(found.level, found.line) for found in derivation.diagnostics] == [("note", 8)]
    assert derivation.schemas["Thing"]["properties"]["it"].keys() == {"description", PROVENANCE}
