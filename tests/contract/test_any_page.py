"""Pages that are not ours: casing, folders, translations, and lists that may be incomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights._data import schemas_dir
from partner_insights.contract import PROVENANCE, Catalogue
from partner_insights.derive.bundled_pages import derive_pages
from partner_insights.derive.casing import wire_case
from partner_insights.derive.derivation import DerivationFailed

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = schemas_dir()
HEAD = "| Property | Type | Description |\n|---|---|---|\n"
SPELLINGS = {
    **{"ObjectType": "objectType", "USDTotalCost": "usdTotalCost", "ID": "id", "Iso2Code": "iso2Code"},
    **{"IsTrial": "isTrial", "mpnId": "mpnId", "MPN": "mpn", "X": "x", "_Odd": "_Odd"},
}


def derived(folder: Path, pages: dict[str, str], **options: Any) -> dict[str, Any]:
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return dict(derive_pages([folder], SCHEMAS, **options).schemas)


@pytest.mark.parametrize("written", SPELLINGS)
def test_the_casing_rule_lowers_the_first_letter_or_acronym(written: str) -> None:
    """Each published spelling becomes the wire's."""
    assert wire_case(written) == SPELLINGS[written]


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True))
def test_the_casing_rule_changes_case_only_and_only_once(name: str) -> None:
    """A name keeps its letters, and a name of the wire is left as it is."""
    assert wire_case(name).casefold() == name.casefold()
    assert wire_case(wire_case(name)) == wire_case(name)


@pytest.mark.parametrize("switch", [None, False, True])
def test_the_casing_rule_is_a_switch_and_shows(tmp_path: Path, switch: bool | None) -> None:
    """It is off for pages that are not ours unless asked for; what it renamed says so, as assumed."""
    schemas = derived(
        tmp_path, {"a.md": f"# Cost\n\n{HEAD}| USDTotal | decimal | All. |\n"}, wire_case=switch
    )
    ((name, row),) = schemas["Cost"]["properties"].items()
    note = row[PROVENANCE]["keywords"].get("name")
    if switch:
        assert (name, note["was"], note["rule"]) == ("usdTotal", "USDTotal", "wire-case")
        assert note["standing"] == "assumed"
    else:
        assert (name, note) == ("USDTotal", None)


def test_an_erratum_comes_before_the_casing_rule() -> None:
    """Our own page is spelt by E-012, with its evidence; the rule has nothing left to do there."""
    row = Catalogue.load().schema("ResourceAttributes")["properties"]["objectType"]
    assert row[PROVENANCE]["keywords"]["name"]["erratum"] == "E-012"
    assert "ObjectType" in Catalogue.load("literal").schema("ResourceAttributes")["properties"]


def test_references_are_followed_through_folders(tmp_path: Path) -> None:
    """A link with folders finds its page among two of a name; a list of values on another page is an enum."""
    table = HEAD + "| band | [Band](../b/same.md#band) | x |\n| it | [It](../b/same.md#it) | x |\n"
    schemas = derived(
        tmp_path,
        {
            "a/first.md": f"# First\n\n{table}",
            "a/same.md": f"# Other\n\n{HEAD}| x | string | x |\n",
            "b/same.md": f"# Same\n\n## It\n\n{HEAD}| x | string | x |\n\n## Band\n\n"
            "| Value | Description |\n|---|---|\n| Near | x |\n| Far | x |\n",
        },
    )
    properties = schemas["First"]["properties"]
    assert properties["it"]["$ref"] == "It.schema.json"
    assert (properties["band"]["type"], properties["band"]["enum"]) == ("string", ["Near", "Far"])
    source = properties["band"][PROVENANCE]["keywords"]["enum"]["from"]
    assert (source["page"], source["heading"], source["line"]) == ("same.md", "Band", 9)


def test_a_translated_page_is_refused_even_leniently(tmp_path: Path) -> None:
    """Its property names are translated: nothing on it is certain."""
    page = f"---\nms.translationtype: MT\n---\n# Cost\n\n{HEAD}| a | string | b |\n"
    with pytest.raises(DerivationFailed, match="translated by a machine"):
        derived(tmp_path, {"a.md": page}, lenient=True)


def test_a_list_that_may_be_incomplete_is_no_constraint(tmp_path: Path) -> None:
    """Values that a list "includes" are examples; what the values "are" is an enumeration."""
    rows = "".join(
        f"| {verb} | string | Possible values {verb} `x` and `y`. |\n" for verb in ("include", "are")
    )
    include, are = derived(tmp_path, {"a.md": f"# Cost\n\n{HEAD}{rows}"})["Cost"]["properties"].values()
    assert (include.get("enum"), include["examples"]) == (None, ["x", "y"])
    assert (are["enum"], are.get("examples")) == (["x", "y"], None)


@pytest.mark.parametrize(
    "prose",
    [
        "Values such as `x` or `y`.",
        "For example `x` or `y`.",
        "See `x`, `y`.",
        "Includes: `x`, `y`.",
        "The `x` of `y`.",
    ],
)
def test_no_list_is_made_of_what_is_none(tmp_path: Path, prose: str) -> None:
    """Examples and mentions never become a closed list."""
    schemas = derived(tmp_path, {"a.md": f"# Cost\n\n{HEAD}| a | string | {prose} |\n"})
    assert "enum" not in schemas["Cost"]["properties"]["a"]


def test_a_scenario_page_beside_a_resource_page_is_passed_over(tmp_path: Path) -> None:
    """In a folder, a page without resources is a warning; alone it is refused."""
    scenario = {"b.md": "# Get it\n\n## Request syntax\n\n| Method | URI |\n|---|---|\n| GET | /x |\n"}
    with pytest.raises(DerivationFailed, match="no resource table"):
        derived(tmp_path / "one", scenario)
    assert "Cost" in derived(tmp_path / "two", {**scenario, "a.md": f"# Cost\n\n{HEAD}| a | string | x |\n"})


def test_a_bare_enum_finds_the_list_it_names(tmp_path: Path) -> None:
    """`enum` is a string of the list that the description or the property names; else it is refused."""
    listed = "\n## State\n\n| Value | Description |\n|---|---|\n| open | x |\n| shut | x |\n"
    rows = "| state | enum | x |\n| was | enum | One of State. |\n"
    properties = derived(tmp_path / "a", {"a.md": f"# Cost\n\n{HEAD}{rows}{listed}"})["Cost"]["properties"]
    assert [row["enum"] for row in properties.values()] == [["open", "shut"]] * 2
    with pytest.raises(DerivationFailed, match="nothing says of which values"):
        derived(tmp_path / "b", {"a.md": f"# Cost\n\n{HEAD}| other | enum | x |\n{listed}"})
