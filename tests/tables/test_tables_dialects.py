"""Dialects: each family's own forms, read by a file of data; a fourth family is a file more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from partner_insights._data import schemas_dir
from partner_insights.cli import main
from partner_insights.contract import PROVENANCE, Catalogue, Profile
from partner_insights.derive.bundled_pages import derive_pages
from partner_insights.errors import InputError
from partner_insights.tables import read_page_text
from partner_insights.tables.dialect import dialect_names, dialect_of, named_dialect

if TYPE_CHECKING:
    from pathlib import Path


def derived(folder: Path, pages: dict[str, str], **options: Any) -> dict[str, Any]:
    """The schemas of some pages, without their annotations."""

    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: bare(value) for key, value in part.items() if key not in (PROVENANCE, "description")}
        return part

    for name, text in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    found = derive_pages([folder], schemas_dir(), **options).schemas
    return {
        name: {key: bare(schema[key]) for key in ("properties", "required") if key in schema}
        for name, schema in found.items()
    }


GRAPH = {
    "res/boat.md": """---
title: "boat resource type"
doc_type: resourcePageType
---

# boat resource type

Namespace: microsoft.graph

A boat. Inherits from [craft](craft.md).

## Properties

| Property | Type | Description |
|:---------|:-----|:------------|
| name | String | The name. Required. |
| trip | Duration | How long it was out. |
| picture | Stream | What it looks like. |
| load | Edm.Int64 | In kilograms. |
| sails | microsoft.graph.sail collection | What drives it. |
| state | boatState | Possible values are: `afloat`, `ashore`. |
| kind | [boatKind](../res/boatkind.md) | What it is. |
| flag | [flag](#flag-values) | Where it is from. |
| mast | [mast](Mast.md) | Its mast. |

#### flag values

| Member | Description |
|:-------|:------------|
| null | Nobody said. |
| red | From the north. |
| blue | From the south. |

## Relationships

| Relationship | Type | Description |
|:-------------|:-----|:------------|
| crew | [craft](craft.md) collection | Who sails it. |
""",
    "res/craft.md": """---
doc_type: resourcePageType
---
# craft resource type

| Property | Type | Description |
|:---------|:-----|:------------|
| id | String | Names it. |
| name | String | As painted. |
""",
    "res/boatkind.md": """---
doc_type: enumPageType
---
# boatKind enum type

## Members

| Member | Value | Description |
|:-------|:------|:------------|
| dinghy | 0 | Small. |
| barge | 1 | Large. |
""",
    "res/sail.md": "---\ndoc_type: resourcePageType\n---\n# sail resource type\n\n## Properties\n\nNone.\n",
    "res/mast.md": """---
doc_type: resourcePageType
---
# mast facet

## JSON representation

```json
{
  "@odata.type": "microsoft.graph.mast",
  "height": 12,
  "wood": "String (identifier)",
  "sail": { "@odata.type": "microsoft.graph.sail" }
}
```
""",
}


def test_microsoft_graph(tmp_path: Path) -> None:
    """Base types, relationships, lists on pages of their own, samples for tables, spelling of files."""
    schemas = derived(tmp_path, GRAPH)
    reference = {"$ref": "sail.schema.json"}
    assert schemas["boat"] == {
        "properties": {
            "name": {"type": "string"},
            "trip": {"type": "string", "format": "duration"},
            "picture": {},
            "load": {"type": "integer", "format": "int64"},
            "sails": {"type": "array", "items": reference},
            "state": {"type": "string", "enum": ["afloat", "ashore"]},
            "kind": {"type": "string", "enum": ["dinghy", "barge"]},
            "flag": {"type": ["string", "null"], "enum": ["red", "blue", None]},
            "mast": {"$ref": "mast.schema.json"},
            "crew": {"type": "array", "items": {"$ref": "craft.schema.json"}},
            "id": {"type": "string"},
        }
    }
    assert schemas["mast"]["properties"] == {
        "height": {"type": "number"},
        "wood": {"type": "string"},
        "sail": reference,
    }
    assert schemas["sail"] == {"properties": {}}


def test_business_central(tmp_path: Path) -> None:
    """Named enumerations have the values quoted in prose, or none; streams are left open."""
    page = """---
description: A mooring in Dynamics 365 Business Central.
---
# mooring resource type

## Properties

| Property | Type | Description |
|:---------|:-----|:------------|
| id | GUID | Names it. Required. |
| side | NAV.mooringSide | Specifies the side. It can be " ", "Port" or "Starboard". |
| rope | NAV.ropeKind | The rope. |
| plan | stream | Where it is. |
| until | datetime | When it ends. |
"""
    schemas = derived(tmp_path, {"m.md": page})
    assert schemas["mooring"] == {
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "side": {"type": "string", "enum": [" ", "Port", "Starboard"]},
            "rope": {"type": "string"},
            "plan": {},
            "until": {"type": "string", "format": "date-time"},
        }
    }


def test_an_older_api_of_business_central(tmp_path: Path) -> None:
    """A remark behind a noun of a heading is no part of the name; a type may end with the greatest length."""
    page = """---
description: (v1.0) A boat in Dynamics 365 Business Central.
---

# boats resource type (v1.0)

## Properties

| Property | Type | Description |
|:---------|:-----|:------------|
| name | string, maximum size 20 | Its name. |
| note | string, maximum length 80 | What to know, at most 90 characters. |
| load | numeric | What it carries. |
| age | integer, maximum size 20 | In years. |
"""
    assert derived(tmp_path, {"boats.md": page}) == {
        "boats": {
            "properties": {
                "name": {"type": "string", "maxLength": 20},
                "note": {"type": "string", "maxLength": 80},
                "load": {"type": "number"},
                "age": {"type": "integer"},
            }
        }
    }


def test_discord(tmp_path: Path) -> None:
    """Marks of presence, null and footnotes; anchors of their own; numbers as values; bodies of requests."""
    page = """---
title: Harbours
---

import {ManualAnchor} from '/x.jsx'

### Harbour Object

<ManualAnchor id="harbour-object-harbour-structure" />
###### Harbour Structure

| Field | Type | Description |
|-------|------|-------------|
| id | snowflake | names it |
| name? | ?string | its name |
| at? \\* | ISO8601 timestamp | when it was built |
| berths | array of [berth](/docs/harbours#berth-object) objects | where ships lie |
| owner? | partial [berth](/docs/harbours#berth-object) object | part of one |
| kind | [kind](/docs/harbours#harbour-object-harbour-kinds) | what it is |
| texts? | ?dictionary with keys in [locales](/docs/x#y) | names |

\\* not always

<ManualAnchor id="harbour-object-harbour-kinds" />
###### Harbour Kinds

| Type | ID | Description |
|------|----|-------------|
| NATURAL | 1 | a bay |
| BUILT | 2 | a wall |

### Berth Object

###### Berth Structure

| Field | Type | Description |
|-------|------|-------------|
| depth | integer | in metres |

## Modify Harbour

###### JSON Params

| Field | Type | Description |
|-------|------|-------------|
| name? | string | its name |
"""
    schemas = derived(tmp_path, {"docs/harbours.mdx": page})
    assert schemas["Harbour"] == {
        "properties": {
            "id": {"type": "string", "pattern": "^[0-9]+$"},
            "name": {"type": ["string", "null"]},
            "at": {"type": "string", "format": "date-time"},
            "berths": {"type": "array", "items": {"$ref": "Berth.schema.json"}},
            "owner": {"type": "object"},
            "kind": {"type": "integer", "enum": [1, 2]},
            "texts": {"type": ["object", "null"]},
        },
        "required": ["id", "berths", "kind"],
    }
    assert set(schemas) == {"Harbour", "Berth", "ModifyHarbourJSONParams"}


@pytest.mark.parametrize(
    ("heading", "fragment"),
    [
        ("###### Berth Kinds", "harbour_object-berth-kinds"),
        ("###### Berth Kinds", "harbourobject-berth-kinds"),
        ("###### Berth Kinds", "harbour-object-berth-kinds"),
        ("###### Berth - Kinds", "harbourobject-berth-kinds"),
        ('<ManualAnchor id="the/kinds" />\n###### Berth Kinds', "the/kinds"),
    ],
)
def test_an_anchor_is_what_the_site_makes_of_a_heading(tmp_path: Path, heading: str, fragment: str) -> None:
    """Under the heading above it, with or without its underscores and doubled dashes, or as one writes it."""
    page = f"""## Harbour_Object

###### Harbour Structure

| Field | Type |
|---|---|
| kind? | [kinds](/docs/h#{fragment}) |

{heading}

| Type | ID | Description |
|---|---|---|
| NATURAL | 1 | a bay |
| BUILT | 2 | a wall |
"""
    kind = derived(tmp_path, {"docs/h.mdx": page})["Harbour"]["properties"]["kind"]
    assert kind == {"type": "integer", "enum": [1, 2]}


def test_a_link_may_write_the_folders_of_a_page_in_its_fragment(tmp_path: Path) -> None:
    """In capitals and joined by underscores, those in the names of pages, too."""
    head = "| Field | Type |\n|---|---|\n"
    pages = {
        "docs/sea/Old_Harbour.md": f"## Harbour Object\n\n###### Harbour Structure\n\n{head}| id | int |\n",
        "docs/land/Harbour.md": f"## Mole Object\n\n###### Mole Structure\n\n{head}| size? | UInt32 |\n",
        "docs/Ships.md": f"## Ship Object\n\n###### Ship Struct\n\n{head}"
        "| from? | [harbour](#DOCS_SEA_OLD_HARBOUR/harbour-object) |\n"
        "| kind? | [kind](#DOCS_SHIPS/ship-object-kinds-enum) |\n\n"
        "###### Kinds Enum\n\n| name | value |\n|---|---|\n| Sail | 1 |\n| Steam | 2 |\n",
    }
    schemas = derived(tmp_path, pages)
    assert schemas["Ship"]["properties"] == {
        "from": {"$ref": "Harbour.schema.json"},
        "kind": {"type": "integer", "enum": [1, 2]},
    }
    assert schemas["Mole"]["properties"] == {"size": {"type": "integer"}}


def test_a_link_to_a_section_means_the_table_of_its_name_there(tmp_path: Path) -> None:
    """The name that the link speaks of, or else its fragment's; of several others none."""
    head = "| Field | Type |\n|---|---|\n"
    tables = "".join(
        f"###### {name} Structure\n\n{head}| id | int |\n\n" for name in ("Mole", "Harbour", "Berth")
    )
    links = {"home": "a harbour", "place": "berth", "other": "crane"}
    rows = "".join(f"| {name} | [{text}](#harbour-object) |\n" for name, text in links.items())
    page = f"## Harbour Object\n\n{tables}## Ship Object\n\n###### Ship Structure\n\n{head}{rows}"
    properties = derived(tmp_path, {"h.md": page}, lenient=True)["Ship"]["properties"]
    assert properties["home"] == {"$ref": "Harbour.schema.json"}
    assert properties["place"] == {"$ref": "Berth.schema.json"}


def test_a_request_in_a_heading_is_no_part_of_a_name(tmp_path: Path) -> None:
    """A body has the name of what is done; a name that no file could have is none."""
    head = "###### JSON Params\n\n| Field | Type |\n|---|---|\n| name? | string |\n"
    page = (
        f"## Edit Harbour % PATCH /harbours/{{harbour.id#DOCS_SEA/harbour-object}}\n\n{head}\n"
        f"## {'Edit Every Harbour ' * 20}\n\n{head}"
    )
    assert set(derived(tmp_path, {"h.md": page}, lenient=True)) == {"EditHarbourJSONParams"}


def test_a_hostile_heading_over_a_body_is_read_in_bounded_time() -> None:
    """However many signs stand where a request might: each is looked at once."""
    page = f"## {'%' * 20_000}\n\n###### JSON Params\n\n| Field | Type |\n|---|---|\n| name? | string |\n"
    began = time.perf_counter()
    read_page_text(page, "h.mdx")
    assert time.perf_counter() - began < 3


def test_a_list_under_a_heading_without_words_has_no_name() -> None:
    """A table of values there is nobody's."""
    table = "| Value | Description |\n|---|---|\n| 1 | a |\n| 2 | b |\n"
    page = f"# Harbours\n\n######\n\n{table}\n| id | snowflake |\n"
    assert read_page_text(page, "h.mdx").enumerations == ()


@pytest.mark.parametrize("row", ["| name? | string |", "| name?\\* | string |", "| id | snowflake |"])
def test_a_sign_may_stand_far_down_a_page(row: str) -> None:
    """A mark of presence, or a type of the family alone, after pages of prose."""
    page = "# Harbours\n\n" + "A word of prose.\n\n" * 3_000 + f"| Field | Type |\n|---|---|\n{row}\n"
    assert dialect_of(page) is named_dialect("discord")


@pytest.mark.parametrize("words", ["Response", "Request body", "Folder", "JSON"])
def test_a_general_heading_is_no_sign(words: str) -> None:
    """ "Response Structure" stands on any site: a name without a mark is there not always sent."""
    table = "| Field | Type | Description |\n|---|---|---|\n| size | int | How long. |\n"
    page = f"# Harbour\n\n### {words} Structure\n\n{table}"
    assert dialect_of(page).name == "partner-center"
    assert dialect_of(page.replace(words, "Harbour")).name == "discord"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The dialect of a family nobody knew."""
    dialect = tmp_path / "mine.toml"
    dialect.write_text(
        '[columns]\nname = ["slot"]\ntype = ["holds"]\n[types]\n"string uuid" = ["token"]\n'
        '[marks]\noptional = \'(.+)~\'\n[headings]\nnouns = ["record"]\n[prose]\nunmarked = "required"\n',
        encoding="utf-8",
    )
    return dialect


CRATE = "# Crate record\n\n| Slot | Holds |\n|---|---|\n| key | token |\n| lid~ | string |\n"


def test_a_fourth_family_is_a_file(tmp_path: Path, mine: Path) -> None:
    """Titles, types, marks and headings of a family nobody knew are data that a person gives."""
    schemas = derived(tmp_path / "pages", {"crate.md": CRATE}, dialect=str(mine))
    assert schemas["Crate"] == {
        "properties": {"key": {"type": "string", "format": "uuid"}, "lid": {"type": "string"}},
        "required": ["key"],
    }


def test_every_verb_takes_a_dialect(tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of that family are compared, checked, served and judged, not only derived."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.md").write_text(CRATE)
    (tmp_path / "new.md").write_text(CRATE.replace("| lid~ | string |", "| lid | string |"))
    (tmp_path / "operations.toml").write_text('[[operation]]\npath = "/v1/crates"\nresource = "Crate"\n')
    sample = '{"key": 1, "attributes": {"objectType": "Crate"}}'
    (tmp_path / "get-a-crate.md").write_text(
        f"# Get a crate\n\n## Response example\n\n```json\n{sample}\n```\n"
    )

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--dialect", mine.name])

    told = run("diff", "old.md", "new.md")
    assert (told.exit_code, "Crate.lid" in told.output) == (1, True), told.output
    checked = run("check", "--page", "old.md", "--page", "get-a-crate.md")
    assert (checked.exit_code, "1 samples judged" in checked.output) == (1, True), checked.output
    served: list[Any] = []
    monkeypatch.setattr(
        "partner_insights.server.process.serve.serve", lambda *each, **_: served.extend(each) or 0
    )
    monkeypatch.setattr("partner_insights.verify.run.suite.run_suite", lambda options: _stop(served, options))
    for verb in ("serve", "verify"):
        run(verb, "--page", "old.md", "--operations", "operations.toml")
    catalogue, options = next(each for each in served if isinstance(each, Catalogue)), served[-1]
    monkeypatch.chdir("/")
    for found in (catalogue, options.catalogue(Profile.STRICT)):
        assert list(found.schema("Crate")["properties"]) == ["key", "lid"]
    for verb in (("serve",), ("verify",), ("check", "old.md")):
        refused = run(*verb)
        assert (refused.exit_code, "about the pages of" in refused.output) == (2, True), verb


def _stop(told: list[Any], options: Any) -> None:
    told.append(options)
    raise InputError("that is all")


@pytest.mark.parametrize(
    ("text", "complaint"),
    {
        "": "nothing",
        "[columns]\nnames = []": "no entry names",
        'signs = "x"': "no list",
        '[types]\n"text uuid" = ["x"]': "no type text uuid",
        "[marks]\noptional = '('": "no regular expression",
        "[": "cannot be read",
    }.items(),
)
def test_a_dialect_that_is_none_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """With what is wrong in it; an empty one is that of Partner Center."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    if complaint == "nothing":
        assert named_dialect(str(path)).roles == named_dialect("partner-center").roles
        return
    with pytest.raises(InputError, match=complaint):
        named_dialect(str(path))


def test_an_unknown_dialect_is_refused() -> None:
    """The known ones are named."""
    with pytest.raises(InputError, match="no dialect klingon"):
        named_dialect("klingon")
    assert {"partner-center", "microsoft-graph", "business-central", "discord"} <= set(dialect_names())


def test_a_page_without_signs_is_partner_centers() -> None:
    """The shipped pages show none of the others' signs."""
    for path in (schemas_dir() / "tables").glob("*.md"):
        assert dialect_of(path.read_text(encoding="utf-8")).name == "partner-center"


def test_a_request_without_is_no_request() -> None:
    """A heading of several words, over a table of properties with descriptions, names a resource."""
    table = "| Property | Type | Description |\n|---|---|---|\n| at | string | When. |\n"
    page = read_page_text(f"# Security figures\n\n## Portal request without MFA\n\n{table}", "p.md")
    assert [resource.name for resource in page.resources] == ["PortalRequestWithoutMFA"]
    page = read_page_text(
        f"# Create a crate\n\n## Request body\n\n{table}\n## Response body\n\n{table}", "p.md"
    )
    assert [resource.name for resource in page.resources] == ["CreateCrateRequestBody", "CreateACrate"]
