"""Cells: which spellings of a type and which notations of a fact are understood, and which are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.tables import Facts, TypeExpression, read_page_text
from partner_insights.tables.inline import Inline, InlineLink, read_inline
from partner_insights.tables.row_facts import read_facts
from partner_insights.tables.types import read_type, spellings

STRING = TypeExpression("scalar", "string")
NUMBER = TypeExpression("scalar", "number")
INTEGER = TypeExpression("scalar", "integer")
INT32 = TypeExpression("scalar", "integer", "int32")
INT64 = TypeExpression("scalar", "integer", "int64")
DECIMAL = TypeExpression("scalar", "number", "decimal")
BOOLEAN = TypeExpression("scalar", "boolean")
DATE = TypeExpression("scalar", "string", "date")
DATE_TIME = TypeExpression("scalar", "string", "date-time")
UUID = TypeExpression("scalar", "string", "uuid")
URI = TypeExpression("scalar", "string", "uri")
OBJECT = TypeExpression("object")
ARRAY = TypeExpression("array")
ENUM = TypeExpression("scalar", "string", enumeration=True)
SKU = TypeExpression("reference", name="Sku")
TERM = TypeExpression("reference", name="Term", target="#term")


def array(items: TypeExpression) -> TypeExpression:
    return TypeExpression("array", items=items)


UNDERSTOOD = {
    **dict.fromkeys(["string", "String", "`string`", "**string**", "string.", "[string](x.md)"], STRING),
    "number": NUMBER,
    "integer": INTEGER,
    **dict.fromkeys(["int", "int32"], INT32),
    **dict.fromkeys(["long", "int64"], INT64),
    "decimal": DECIMAL,
    "double": TypeExpression("scalar", "number", "double"),
    "float": TypeExpression("scalar", "number", "float"),
    **dict.fromkeys(["boolean", "bool", "Boolean"], BOOLEAN),
    "date": DATE,
    **dict.fromkeys(
        [
            *("string in UTC date-time format", "string in UTC date time format", "string (UTC date-time)"),
            *(
                "String in UTC Date-Time format",
                "string in UTC datetime format",
                "string in date-time format",
            ),
            *("string in ISO 8601 date-time format", "UTC date time", "DateTime", "date-time", "datetime"),
        ],
        DATE_TIME,
    ),
    **dict.fromkeys(
        ["GUID", "uuid", "string (GUID)", "GUID-formatted string", "string in GUID format"], UUID
    ),
    **dict.fromkeys(["URI", "url"], URI),
    **dict.fromkeys(["object", "Object", "key/value pairs", "dictionary"], OBJECT),
    **dict.fromkeys(["array of strings", "Array of string", "list of strings", "string[]"], array(STRING)),
    **dict.fromkeys(["array of objects", "Array of objects"], array(OBJECT)),
    **dict.fromkeys(["array of GUIDs", "a list of GUIDs"], array(UUID)),
    "array of array of int": array(array(INT32)),
    **dict.fromkeys(["Sku", "**Sku**", "Sku resource"], SKU),
    **dict.fromkeys(
        ["array of Sku", "array of Sku resources", "List of **Sku** objects", "Sku[]"], array(SKU)
    ),
    **dict.fromkeys(["[Term](#term)", "[**Term**](#term)", "[Term resource](#term)"], TERM),
    **dict.fromkeys(["array of [Term](#term) resources", "List of [Term](#term) objects."], array(TERM)),
    "[Link](./utility-resources.md#link)": TypeExpression(
        "reference", name="Link", target="utility-resources.md#link"
    ),
    **dict.fromkeys(["nullable int", "int or null", "int (nullable)", "int?"], replace(INT32, nullable=True)),
    "array of nullable int": array(replace(INT32, nullable=True)),
    "nullable array of int": replace(array(INT32), nullable=True),
    **dict.fromkeys(
        ["string or null", "string, null", "null or string", "string/null"], replace(STRING, nullable=True)
    ),
    **dict.fromkeys(["array", "Array", "List", "collection", "IEnumerable"], TypeExpression("array")),
    **dict.fromkeys(["IEnumerable<[Term](#term)>", "List<[Term](#term)>"], array(TERM)),
    **dict.fromkeys(["Array of KeyValuePairs", "List of Object String pairs"], array(OBJECT)),
    "riskLevel": TypeExpression("reference", name="riskLevel"),
    r"String\[\]": array(STRING),
    **dict.fromkeys(["enum", "Enum", "string (enum)"], ENUM),
    "array of enum": array(ENUM),
    **dict.fromkeys(
        ["String collection", "Collection(String)", "array of string values", "List&lt;string&gt;"],
        array(STRING),
    ),
    **dict.fromkeys(["UTC date/time", "string in UTC date and time format", "DateTimeOffset"], DATE_TIME),
    **dict.fromkeys(["string in date format", "UTC date"], DATE),
    **dict.fromkeys(["string (read-only)", "string (optional)", "string, required"], STRING),
    "Dictionary&lt;string, string&gt;": OBJECT,
    "[list](list.md)": TypeExpression("reference", name="list", target="list.md"),
    "[Price list](#price-list)": TypeExpression("reference", name="Price list", target="#price-list"),
    "[Service plan](#service-plan)": TypeExpression("reference", name="Service plan", target="#service-plan"),
}

REFUSED = [
    *(
        "",
        " ",
        "-",
        "sting",
        "Strng",
        "Boolen",
        "nubmer",
        "any",
        "array of",
        "some strings",
        "string in some format",
    ),
    *(
        "string or number",
        "string, number",
        "see below",
        "the Sku",
        "sku",
        "Sku Term",
        "Sku or Term",
        "strings",
    ),
    *(
        "[A](#a) or [B](#b)",
        "[A](#a)[B](#b)",
        "see [A](#a)",
        "[A]()",
        "[](#a)",
        "[array of A](#a)",
        "![A](#a)",
    ),
    *(
        "nullable",
        "or null",
        "array of strng",
        "Sku[",
        "[]",
        "string in UTC format",
        "date-time (UTC",
        "x" * 400,
    ),
    *("array of " * 50 + "string", "nullable " * 50 + "int", "string" + "[]" * 200),
]


@pytest.mark.parametrize("cell", UNDERSTOOD)
def test_a_spelling_is_understood(cell: str) -> None:
    """Each spelling of a type means one type expression."""
    assert read_type(read_inline(cell), {}) == UNDERSTOOD[cell]


@pytest.mark.parametrize("cell", REFUSED)
def test_what_is_not_certain_is_refused(cell: str) -> None:
    """A cell that states no type for certain has none."""
    assert read_type(read_inline(cell), {}) is None


@given(st.text() | st.lists(st.sampled_from([*UNDERSTOOD, *REFUSED, " ", "of", "or"])).map("".join))
def test_any_cell_has_one_type_or_none(cell: str) -> None:
    """No cell crashes the reader, and a type has exactly the fields of its kind."""
    expression = read_type(read_inline(cell), {})
    while expression is not None:
        fields = {name for name in ("json_type", "items", "name") if getattr(expression, name) is not None}
        kinds = {"scalar": {"json_type"}, "array": {"items"}, "object": set(), "reference": {"name"}}
        assert fields == kinds[expression.kind] or expression == replace(ARRAY, nullable=expression.nullable)
        expression = expression.items


def test_a_resource_of_the_page_is_a_type_whatever_its_case() -> None:
    """A name in plain text that the page defines is certain, even where it looks like no resource's name."""
    assert read_type(Inline("enum"), {}) == ENUM
    assert read_type(Inline("enum"), {"enum": "enum"}) == TypeExpression("reference", name="enum")
    page = spellings(["Sku", "Date"])
    assert read_type(Inline("list of skus"), page) == array(SKU)
    assert read_type(Inline("date"), page) == DATE


@pytest.mark.parametrize(
    ("prose", "facts"),
    {
        "The service name (for example:  o365, crm).": Facts(examples=("o365", "crm")),
        "The name (for example: Microsoft 365).": Facts(examples=("Microsoft 365",)),
        'A word (e.g.: "a", `b`,, a).': Facts(examples=("a", "b")),
        "A word (For Example: 4).": Facts(examples=("4",)),
        "A word (for example, an order of yesterday).": Facts(),
        "A word (such as country, currency).": Facts(),
        "A word (for example: ).": Facts(),
        'Includes "objectType": "X"': Facts(constants={"objectType": "X"}),
        'Contains `"objectType": " X"`.': Facts(constants={"objectType": "X"}),
        "Includes “objectType”: “X”": Facts(constants={"objectType": "X"}),
        'Either "objectType": "X" or "objectType": "Y"': Facts(),
        'As in {"key": "a", "value": "b"}.': Facts(),
        'The type: "none", "all".': Facts(values=("none", "all")),
        "More about it. This property is optional.": Facts(optional=True),
        "Optional. More about it.": Facts(optional=True),
        "(Optional) More about it.": Facts(optional=True),
        "This property is optional and may not be returned.": Facts(optional=True),
        "Sent as input, this value is optional.": Facts(),
        "The day it ended. The default value is null.": Facts(nullable=True),
        "Where it lies, such as shelf.warehouse.example.": Facts(examples=("shelf.warehouse.example",)),
        "The kind of box. For example, Carton_B2.": Facts(examples=("Carton_B2",)),
        "The language (for example, en-US or fr-FR).": Facts(examples=("en-US", "fr-FR")),
        "What it counts (such as 1 day).": Facts(examples=("1 day",)),
        "Who made it. Example: Northern Box Works (Ltd).": Facts(examples=("Northern Box Works (Ltd)",)),
        'Its mark. Format example: "AB:0001"': Facts(examples=("AB:0001",)),
        "Its contents, such as books or plates.": Facts(),
        "A text of your own. Example: Write down who asked for the box in spring": Facts(),
        "Values can include Small, Medium or Large.": Facts(examples=("Small", "Medium", "Large")),
        "How it ended. Possible values - `sent` or `lost`.": Facts(values=("sent", "lost")),
        "How long. The only supported values are P1Y (a year) & P1M (a month).": Facts(values=("P1Y", "P1M")),
        "Supported values are: `a`, `b`. Multiple values can be combined.": Facts(examples=("a", "b")),
        "The keys are: `a`, `b`.": Facts(),
        "The mark. It's 28 characters long.": Facts(min_length=28, max_length=28),
        "The month, a number from 1 to 12.": Facts(minimum=1, maximum=12),
        "Optional tags.": Facts(),
    }.items(),
)
def test_prose_states_facts(prose: str, facts: Facts) -> None:
    """What a description states is read, and what only looks like it is not."""
    assert replace(read_facts(prose, "type"), doubts={}) == facts


def test_a_text_longer_than_any_cell_is_left_as_it_is() -> None:
    """To parse it may cost more than its length; white space is folded as in any other."""
    for times in (10, 100_000):
        text = times * "**a**  `b` "
        assert read_inline(text).text == " ".join(
            (text.replace("*", "").replace("`", "") if times < 99 else text).split()
        )


def test_inline_markup_is_text_and_links() -> None:
    """A cell's text is what a reader sees, its links where they lead."""
    assert read_inline(r"**a**  `b\|c` <br/>d\_e &amp; [f *g*](./h.md#i)") == Inline(
        r"a b\|c d_e & f g", (InlineLink("f g", "h.md#i"),)
    )


SHAPES = {
    "name and type": "## Sku\n\n| Name | Type |\n|---|---|\n| id | string |",
    "field, in bold": "## Sku\n\n|**Field**|**Data type**|**Description**|\n|-|-|-|\n| id | string | x |",
    "columns in another order": "## Sku\n\n| Description | Type | Property |\n|-|-|-|\n| x | string | id |",
    "properties below": "## Sku resource\n\n### Properties\n\n|Property|Type|\n|---|---|\n| id | string |",
    "targets below the text": (
        "## Sku\n\n| Property | Type | Meaning |\n|-|-|-|\n| id | [string][] | [a][b] |\n\n[string]: s.md\n"
    ),
    "a span in the heading": '## <span id="SKU"/>Sku\n\n| Property | Type |\n|---|---|\n| id | string |',
    "an anchor in the heading": '## <a name="sku"></a>Sku\n\n| Property | Type |\n|---|---|\n| id | string |',
    "the page's title": "# Sku resource\n\n| Property | Type |\n|---|---|\n| id | string |",
    "a heading in HTML": '<h2 id="sku">Sku</h2>\n\n| Property | Type |\n|---|---|\n| id | string |',
    "a heading in bold": "# Page\n\n**Sku**\n\n| Property | Type |\n|---|---|\n| id | string |",
    "no-break spaces": "##\u00a0Sku\n\n|\u00a0Property\u00a0|Type|\n|-\u00a0|-|\n| id\u00a0| string\u00a0|",
    "zero-width spaces": "## Sku\u200b\n\n| \ufeffProperty | Type |\n|---|---|\n| i\u200bd | str\u00ading |",
    "tabs": "## Sku\n\n|\tProperty\t|\tType\t|\n|---\t|---|\n|\tid\t|\tstring\t|",
    "in a list": "## Sku\n\n- One\n\n  | Property | Type |\n  |---|---|\n  | id | string |",
    "quoted": "## Sku\n\n> | Property | Type |\n> |---|---|\n> | id | string |",
    "an empty cell too many": "## Sku\n\n| Property | Type |\n|---|---|\n| id | string | |",
    "an escaped pipe": "## Sku\n\n| Property | Type | Description |\n|-|-|-|\n| id | string | a \\| b |",
    "one list item above": "## Sku\n\n- a | b\n\n| Property | Type |\n|---|---|\n| id | string |",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_of_any_harmless_shape_is_a_resource(shape: str) -> None:
    """The same resource is read from each way to write it, without a complaint."""
    page = read_page_text(SHAPES[shape], "page.md")
    assert page.diagnostics == ()
    read = [(r.name, r.anchor, [(p.name, p.type) for p in r.properties]) for r in page.resources]
    anchor = "sku-resource" if "Sku resource" in SHAPES[shape] else "sku"
    assert read == [("Sku", anchor, [("id", STRING)])]


NO_RESOURCES = {
    "values of an enumeration": "## Sku\n\n| Value | Position | Description |\n|-|-|-|\n| None | 0 | x |",
    "names and values": "## Sku\n\n| Name | Value |\n|---|---|\n| a | b |",
    "values by an introduction": "## Sku\n\nAn [Enum](e.md).\n\n| Property | Description |\n|-|-|\n| a | b |",
    "an introduction far above": "## Sku\n\nEnum.\n\nText.\n\n| Property | Description |\n|-|-|\n| a | b |",
    "an introduction below another": (
        "## Sku\n\nText.\n\nThe enumeration:\n\n| Property | Description |\n|-|-|\n| a | b |"
    ),
    "names and descriptions": "## Sku\n\n| Name | Description |\n|---|---|\n| a | b |",
    "parameters": "## URI parameters\n\n| Name | Type | Required |\n|---|---|---|\n| id | string | Y |",
    "one word": "## Parameters\n\n| Name | Type | Description |\n|---|---|---|\n| id | string | x |",
    "request body": "## Request body\n\n| Property | Type | Description |\n|-|-|-|\n| id | string | x |",
    "inside a request": "## REST request\n\n### Sku\n\n| Property | Type |\n|---|---|\n| id | string |",
    "routes": "## Syntax\n\n| Method | Request URI |\n|---|---|\n| GET | /v1/skus |",
    "code": "## Sku\n\n```\n| Property | Type |\n|---|---|\n| id | string |\n```",
}


@pytest.mark.parametrize("kind", NO_RESOURCES)
def test_other_tables_are_no_resources(kind: str) -> None:
    """A table of something else becomes no resource, and is no fault either."""
    page = read_page_text(NO_RESOURCES[kind], "page.md")
    assert page.resources == ()
    assert [d.code for d in page.diagnostics] == ["no-resource-table"]


def test_a_bold_paragraph_right_above_a_table_is_its_heading() -> None:
    """Whatever a real heading there would be: a resource, the properties of one, or of a request."""
    table = "\n\n| Property | Type | Description |\n|---|---|---|\n| {} | string | Text. |\n\n"
    parts = ("Widget", "id"), ("Request headers", "Authorization"), ("Properties", "name"), ("Gadget", "key")
    bold, headed = (
        read_page_text(
            "# API types\n\n" + "".join(mark.format(name) + table.format(cell) for name, cell in parts),
            "page.md",
        )
        for mark in ("**{}**", "## {}")
    )
    read = [(each.name, [row.name for row in each.properties]) for each in bold.resources]
    assert read == [(each.name, [row.name for row in each.properties]) for each in headed.resources]
    assert "Authorization" not in str(read)
    assert {each.description for each in bold.resources} == {""}  # a heading introduces nothing
    apart = read_page_text("# Widget\n\n**Gadget**\n\nText." + table.format("id"), "page.md")
    assert [each.name for each in apart.resources] == ["Widget"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("<h2>Sku</h2>", "Sku"),
        ('<div><H3 class="x">Sku</H3>', "Sku"),
        ("</h2><h2>Sku</h2>", "Sku"),
        ("<h2>Offer<h2>Sku</h2></h2>", "Sku"),
        ("<h3>Sku</h2>", "Page"),
        ("</h2>", "Page"),
        ("<h2>Sku", "Page"),
        ("<table><tr><td><h2>Sku</h2></td></tr></table>", "Page"),
    ],
)
def test_a_heading_of_html_ends_with_its_own_end(line: str, name: str) -> None:
    """What is open or closed alone, or closed as another, is none."""
    page = read_page_text(f"# Page\n\n{line}\n\n| Property | Type |\n|---|---|\n| id | string |\n", "page.md")
    assert [each.name for each in page.resources] == [name]


def test_a_heading_twice_has_two_anchors() -> None:
    """The second heading of one text is reached by a numbered fragment, as on the published site."""
    table = "\n\n| Property | Type |\n|---|---|\n| id | string |\n\n"
    page = read_page_text(f"## Sku\n\n## Sku{table}", "page.md")
    assert [r.anchor for r in page.resources] == ["sku-1"]


def test_the_first_paragraph_introduces_the_resource() -> None:
    """Notes and lists above the table are passed over, and so is the text under other headings."""
    table = "| Property | Type |\n|---|---|\n| id | string |\n"
    text = (
        f"Before.\n\n## Sku\n\n> [!NOTE]\n> A note.\n\n- An item\n\nA **unit** of stock.\n\nMore.\n\n{table}"
    )
    page = read_page_text(f"{text}\n## Offer\n\n{table}", "page.md")
    assert [(r.name, r.description) for r in page.resources] == [("Sku", "A unit of stock."), ("Offer", "")]


def test_front_matter_is_metadata_and_keeps_the_lines() -> None:
    """Front matter gives keys and values, without quotes; lines below it count from the top of the file."""
    page = read_page_text('---\ntitle: "A: b"\nms.date: 1/2/2026\n# c\nempty:\n---\n## Sku\n', "page.md")
    assert page.metadata == {"title": "A: b", "ms.date": "1/2/2026", "empty": ""}
    page = read_page_text("---\ntitle: x\n---\n" + SHAPES["name and type"], "page.md")
    assert [(r.line, r.properties[0].line) for r in page.resources] == [(4, 8)]


@pytest.mark.parametrize("cell", ["0", "(0, 0)", "-1"])
def test_no_length_is_no_bound(cell: str) -> None:
    """A length of 0 may say that there is none: it is noted, and bounds nothing."""
    table = f"| Property | Type | Length |\n|---|---|---|\n| name | string | {cell} |\n"
    page = read_page_text(f"# Thing\n\n{table}", "p.md")
    assert page.resources[0].properties[0].facts.max_length is None
    assert [found.code for found in page.diagnostics] == ["unread-cell"]


@pytest.mark.parametrize(
    ("title", "cell", "bounds"),
    [
        *(("Length", cell, (None, None)) for cell in ("5, 10", "18,4", "2,3", "10<sup>1</sup>")),
        *(("Length (min, max)", "5, 10", (5, 10)), ("Length (min, max)", "5,100", (5, 100))),
        *(("Max length", "1,024", (None, 1024)), ("Length (characters)", "10", (None, 10))),
        *((title, "10", (None, None)) for title in ("Length (bytes)", "Max length (KB)", "Length (words)")),
    ],
)
def test_a_length_is_read_where_its_title_and_cell_leave_nothing_open(
    title: str, cell: str, bounds: tuple[int | None, int | None]
) -> None:
    """A comma parts the least from the greatest only where the title says so; bytes are no characters."""
    page = read_page_text(
        f"# Thing\n\n| Property | Type | {title} |\n|-|-|-|\n| name | string | {cell} |\n", "p.md"
    )
    facts = page.resources[0].properties[0].facts
    assert (facts.min_length, facts.max_length) == bounds
    assert bool(page.diagnostics) is (bounds == (None, None))


def test_a_raised_mark_is_no_part_of_a_name_or_a_type() -> None:
    """`name<sup>1</sup>` is the property `name`; a power is no number of its own."""
    rows = (
        "| name<sup>1</sup> | string<sup>2 3</sup> | A name.<sup>1</sup> At most 10<sup>3</sup> characters. |"
    )
    page = read_page_text(f"# Thing\n\n| Property | Type | Description |\n|-|-|-|\n{rows}\n", "p.md")
    [row] = page.resources[0].properties
    assert (row.name, row.type, row.facts.max_length) == ("name", STRING, None)


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("When it ended.", DATE),
        ("The day of the loan.", DATE),
        *(("Timestamp of the loan.", STRING), ("The date and time of the loan.", STRING)),
        *(("With its time zone.", STRING), ("For example 2016-03-10T18:07:52Z.", STRING)),
    ],
)
def test_a_date_with_a_time_of_day_is_a_string(description: str, expected: TypeExpression) -> None:
    """What a Type cell calls a date has no form where the description says that it has a time, and a note."""
    page = read_page_text(
        f"# Thing\n\n| Property | Type | Description |\n|-|-|-|\n| ended | Date | {description} |\n", "p.md"
    )
    assert page.resources[0].properties[0].type == expected
    assert [found.code for found in page.diagnostics] == ["uncertain"] * (expected == STRING)


@pytest.mark.parametrize(
    ("description", "most"),
    [
        ("At most 10<sup>3</sup> characters.", None),
        ("<del>At most 5 characters.</del> At most 10 characters.", 10),
        ("<!-- At most 5 characters. -->A name.", None),
    ],
)
def test_html_keeps_what_is_raised_struck_or_left_out(description: str, most: int | None) -> None:
    """In a table of HTML as in one of Markdown; a raised mark is no part of the name either."""
    html = (
        "<table><tr><th>Property</th><th>Type</th><th>Description</th></tr>"
        f"<tr><td>name<sup>1</sup></td><td>string</td><td>{description}</td></tr></table>\n"
    )
    rows = f"| Property | Type | Description |\n|-|-|-|\n| name<sup>1</sup> | string | {description} |\n"
    for table in (html, rows):
        [row] = read_page_text(f"# Thing\n\n{table}", "p.md").resources[0].properties
        assert (row.name, row.facts.max_length) == ("name", most)
