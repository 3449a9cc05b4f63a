"""Laws of the reader: a page is read back however it is written, and what is lost is said."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from partner_insights.tables import Facts, TypeExpression, read_page_text
from partner_insights.tables.doubts import binding

# What is written: resources of any names, types and facts.

SCALARS = {
    **dict.fromkeys(("string", "String", "string (optional)"), TypeExpression("scalar", "string")),
    "number": TypeExpression("scalar", "number"),
    **dict.fromkeys(("int", "Int32"), TypeExpression("scalar", "integer", "int32")),
    "long": TypeExpression("scalar", "integer", "int64"),
    **dict.fromkeys(("boolean", "bool"), TypeExpression("scalar", "boolean")),
    "decimal": TypeExpression("scalar", "number", "decimal"),
    "double": TypeExpression("scalar", "number", "double"),
    "date": TypeExpression("scalar", "string", "date"),
    "GUID": TypeExpression("scalar", "string", "uuid"),
    "URI": TypeExpression("scalar", "string", "uri"),
    **dict.fromkeys(
        ("string in UTC date-time format", "string in UTC date time format", "DateTime", "DateTimeOffset"),
        TypeExpression("scalar", "string", "date-time"),
    ),
    **dict.fromkeys(("object", "key/value pairs"), TypeExpression("object")),
    **dict.fromkeys(("array", "IEnumerable"), TypeExpression("array")),
}
RESOURCES = ["Cart", "CartLineItem", "Customer", "Error", "Link", "Offer", "OfferLinks", "Sku", "Type2", "X"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class WrittenType:
    cell: str
    means: TypeExpression


@dataclass(frozen=True)
class WrittenProperty:
    name: str
    type: WrittenType
    sentences: tuple[str, ...]
    facts: Facts
    required: bool
    length: tuple[int, int]


@dataclass(frozen=True)
class WrittenResource:
    name: str
    intro: str
    properties: tuple[WrittenProperty, ...]


identifiers = st.builds(
    str.__add__,
    st.sampled_from(LETTERS + LETTERS.upper() + "_@$"),
    st.text(LETTERS + "XY_09.-", max_size=8),
)
resource_names = st.sampled_from(RESOURCES)
words = st.lists(
    st.sampled_from(["an", "offer", "is", "bound", "to", "the", "order"]), min_size=1, max_size=4
).map(" ".join)
several = st.lists(
    st.sampled_from(["o365", "crm", "four", "x", "reseller"]), min_size=2, max_size=3, unique=True
)

scalars = st.sampled_from([WrittenType(*entry) for entry in SCALARS.items()])
plain = resource_names.map(lambda name: WrittenType(name, TypeExpression("reference", name=name)))
linked = st.builds(
    lambda name, page: WrittenType(
        f"[{name}]({page}#{name.lower()})",
        TypeExpression("reference", name=name, target=f"{page}#{name.lower()}"),
    ),
    resource_names,
    st.sampled_from(["", "utility-resources.md"]),
)
arrays = st.builds(
    lambda item, lead, noun: WrittenType(
        f"{lead} of {item.cell}{noun if item.means.kind == 'reference' else 's'}",
        TypeExpression("array", items=item.means),
    ),
    scalars.filter(lambda item: item.cell.isalnum() and item.means.kind != "array") | plain | linked,
    st.sampled_from(["array", "Array", "List", "collection"]),
    st.sampled_from([" resources", " objects", ""]),
)
brackets = plain.map(lambda item: WrittenType(f"{item.cell}[]", TypeExpression("array", items=item.means)))
nullable = st.builds(
    lambda item, form: WrittenType(form.format(item.cell), replace(item.means, nullable=True)),
    scalars.filter(lambda item: item.cell.isalnum()),
    st.sampled_from(["nullable {}", "{} or null"]),
)
types = scalars | plain | linked | arrays | brackets | nullable

SENTENCES: dict[str, st.SearchStrategy[tuple[str, dict[str, Any]]]] = {
    "examples": several.map(
        lambda found: (f"Thing (for example: {', '.join(found)}).", {"examples": tuple(found)})
    ),
    "constants": resource_names.map(
        lambda name: (f'Includes "objectType": "{name}".', {"constants": {"objectType": name}})
    ),
    "values": several.map(
        lambda found: (
            'Possible values: "{}".'.format('", "'.join(found)),
            {"values": tuple(found)},
        )
    ),
    "optional": st.just(("This property is optional.", {"optional": True})),
    "read-only": st.just(("Read-only.", {"read_only": True})),
    "null": st.just(("It can be null.", {"nullable": True})),
    "deprecated": st.just(("Deprecated.", {"deprecated": True})),
    "length": st.integers(2, 99).map(lambda most: (f"At most {most} characters.", {"max_length": most})),
    "range": st.integers(2, 99).map(
        lambda most: (f"Must be between 1 and {most}.", {"minimum": 1, "maximum": most})
    ),
    "unit": st.just(("Counted in bytes.", {"unit": "bytes"})),
}
told = st.lists(st.sampled_from(sorted(SENTENCES)), max_size=3, unique=True).flatmap(
    lambda kinds: st.tuples(*(SENTENCES[kind] for kind in kinds))
)


def property_of(
    name: str,
    type_: WrittenType,
    first: str,
    told: tuple[tuple[str, dict[str, Any]], ...],
    required: bool,
    least: int,
) -> WrittenProperty:
    facts: dict[str, Any] = {}
    for _, stated in told:
        facts |= stated
    sentences = (f"{first.capitalize()}.", *(sentence for sentence, _ in told))
    return WrittenProperty(name, type_, sentences, Facts(**facts), required, (least, least + 9))


properties = st.builds(property_of, identifiers, types, words, told, st.booleans(), st.integers(0, 9))
resource_lists = st.lists(
    st.builds(
        WrittenResource,
        resource_names,
        words,
        st.lists(properties, min_size=1, max_size=4, unique_by=lambda row: row.name.casefold()).map(tuple),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda resource: resource.name,
)

# How it is written: the shape of the header, and harmless malformations in any combination.

NAME, TYPE, DESCRIPTION = "name", "type", "description"
HEADERS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("Property", "Type", "Description"): (NAME, TYPE, DESCRIPTION),
    ("Type", "Property", "Description"): (TYPE, NAME, DESCRIPTION),
    ("Property", "Type", "Length (min, max)", "Description"): (NAME, TYPE, "length", DESCRIPTION),
    ("Property", "Type", "Required", "Description"): (NAME, TYPE, "required", DESCRIPTION),
    ("Name", "Type", "Required", "Description"): (NAME, TYPE, "required", DESCRIPTION),
    ("Field", "Data type", "Description"): (NAME, TYPE, DESCRIPTION),
    ("**Property**", "**Type**", "**Description**"): (NAME, TYPE, DESCRIPTION),
}
QUIRKS = (
    *("no outer pipes", "setext", "closing hashes", "anchors", "front matter", "BOM", "narrow delimiters"),
    *("breaks", "escaped pipes", "bold names", "code names", "zero-width spaces", "no-break spaces", "tabs"),
    *("an empty cell too many", "a blank row at the end", "trailing spaces", "no space around cells", "HTML"),
    "HTML headings",
)


@dataclass(frozen=True)
class Manner:
    """The header, the line ends and the harmless malformations of a page."""

    header: tuple[str, ...]
    quirks: frozenset[str]
    newline: str

    def has(self, quirk: str) -> bool:
        return quirk in self.quirks


headers = st.sampled_from(sorted(HEADERS))
manners = st.builds(
    Manner, headers, st.frozensets(st.sampled_from(QUIRKS), max_size=6), st.sampled_from(["\n", "\r\n", "\r"])
)
sound_tables = st.builds(  # a row of these can be broken by changing its line
    Manner,
    st.sampled_from([header for header in sorted(HEADERS) if "Property" in "".join(header)]),
    st.frozensets(
        st.sampled_from(["setext", "anchors", "front matter", "BOM", "breaks", "bold names"]), max_size=3
    ),
    st.sampled_from(["\n", "\r\n"]),
)


def cells_of(written: WrittenProperty, manner: Manner) -> list[str]:
    """The cells of a property, in the order of the header."""
    name = written.name
    if manner.has("zero-width spaces"):
        name = f"{name}\u200b"
    if manner.has("code names"):
        name = f"`{name}`"
    else:
        name = name.replace("_", r"\_")
        name = f"**{name}**" if manner.has("bold names") else name
    prose = ("<br/>" if manner.has("breaks") else " ").join(written.sentences)
    cells = {
        NAME: name,
        TYPE: written.type.cell,
        DESCRIPTION: f"{prose} See a \\| b." if manner.has("escaped pipes") else prose,
        "required": "Yes" if written.required else "No",
        "length": f"({written.length[0]}, {written.length[1]})",
    }
    return [cells[role] for role in HEADERS[manner.header]]


def facts_of(written: WrittenProperty, manner: Manner) -> Facts:
    """What the row says: its prose, and its other columns before it."""
    roles, facts = HEADERS[manner.header], written.facts
    if "required" in roles:
        facts = replace(facts, required=written.required, optional=not written.required)
    if "length" in roles:
        facts = replace(facts, min_length=written.length[0], max_length=written.length[1])
    columns = dict.fromkeys(("min_length", "max_length"), "Length") if "length" in roles else {}
    return replace(binding(replace(facts, columns=columns), written.type.means), columns={}, doubts={})


def row(cells: list[str] | tuple[str, ...], manner: Manner) -> str:
    gap = "" if manner.has("no space around cells") else " "
    gap = "\t" if manner.has("tabs") else "\u00a0" if manner.has("no-break spaces") else gap
    joined = f"{gap}|{gap}".join(cells)
    line = joined if manner.has("no outer pipes") else f"|{gap}{joined}{gap}|"
    return f"{line}  " if manner.has("trailing spaces") else line


def html_row(cells: list[str] | tuple[str, ...], tag: str) -> str:
    """The same cells in HTML: links, code and bold words are tags there."""
    shown = []
    for cell in cells:
        text = escape(cell.replace("<br/>", "\n").replace("\\|", "|").replace(r"\_", "_"), quote=False)
        text = re.sub(r"\[(\w+)\]\(([^()]*)\)", r'<a href="\2">\1</a>', text)
        text = re.sub(r"^`(.*)`$", r"<code>\1</code>", re.sub(r"^\*\*(.*)\*\*$", r"<b>\1</b>", text))
        shown.append(f"<{tag}>{text.replace(chr(10), '<br/>')}</{tag}>")
    return f"<tr>{''.join(shown)}</tr>"


def render(resources: list[WrittenResource], manner: Manner) -> tuple[list[str], dict[str, int]]:
    """The lines of the page, and the line of each resource ("R") and property ("R.p")."""
    lines = ["---", "title: A page", "ms.topic: reference", "---"] if manner.has("front matter") else []
    lines += ["# A page of resources", "", "Some words before."]
    places: dict[str, int] = {}
    for resource in resources:
        name = f'<a name="a-{resource.name}"></a>{resource.name}' if manner.has("anchors") else resource.name
        lines.append("")
        places[resource.name] = len(lines) + 1
        if manner.has("setext"):
            lines += [name, "-" * 5]
        elif manner.has("HTML headings"):
            lines.append(f'<h2 id="{resource.name.lower()}">{name}</h2>')
        else:
            lines.append(f"## {name}{' ##' if manner.has('closing hashes') else ''}")
        lines += ["", f"{resource.intro}.", ""]
        if manner.has("HTML"):
            lines += ["<table>", html_row(manner.header, "th")]
        else:
            dash = "-" if manner.has("narrow delimiters") else "---"
            delimiters = row([dash] * len(manner.header), manner).replace("\u00a0", " ")
            lines += [row(manner.header, manner), delimiters]
        for member in resource.properties:
            places[f"{resource.name}.{member.name}"] = len(lines) + 1
            cells = cells_of(member, manner)
            if manner.has("HTML"):
                lines.append(html_row(cells, "td"))
            else:
                lines.append(row([*cells, ""] if manner.has("an empty cell too many") else cells, manner))
        if manner.has("HTML"):
            lines.append("</table>")
        elif manner.has("a blank row at the end"):
            lines.append("|")
    return lines, places


def is_certain(resource: WrittenResource, manner: Manner) -> bool:
    """Whether a table shows that it lists properties: it says so, or has a type that nothing else is."""
    return "Property" in "".join(manner.header) or any(
        member.type.means.kind != "reference" or member.type.means.target for member in resource.properties
    )


def page_of(lines: list[str], manner: Manner) -> str:
    return ("\ufeff" if manner.has("BOM") else "") + manner.newline.join(lines)


@given(resource_lists, manners)
def test_a_page_of_resources_is_read_back(resources: list[WrittenResource], manner: Manner) -> None:
    """Names, order, types, facts, lines and introductions survive any shape and any harmless malformation."""
    assume(all(is_certain(resource, manner) for resource in resources))
    lines, places = render(resources, manner)
    page = read_page_text(page_of(lines, manner), "page.md")
    assert {found.level for found in page.diagnostics} <= {"note"}  # names are no values of a number
    read = [
        (
            found.name,
            found.line,
            found.description,
            [(p.name, p.line, p.type, replace(p.facts, columns={}, doubts={})) for p in found.properties],
        )
        for found in page.resources
    ]
    assert read == [
        (
            written.name,
            places[written.name],
            f"{written.intro}.",
            [
                (p.name, places[f"{written.name}.{p.name}"], p.type.means, facts_of(p, manner))
                for p in written.properties
            ],
        )
        for written in resources
    ]


def broken(cells: list[str], type_column: int, manner: Manner) -> dict[str, str]:
    """Ways to write a row so that a property is lost or no longer certain."""
    line = row(cells, manner)

    def instead(column: int, text: str) -> str:
        return row([*cells[:column], text, *cells[column + 1 :]], manner)

    name_column = HEADERS[manner.header].index(NAME)
    return {
        "blank line above": f"\n{line}",
        "indented as code": f"     {line}",
        "twice": f"{line}\n{line}",
        "two rows on one line": f"{line} {line}",
        "a cell too many": row([*cells, "one more"], manner),
        "a cell too few": row(cells[:-1], manner),
        "one cell": row(cells[:1], manner),
        "a misspelt type": instead(type_column, "strng"),
        "a blank type": instead(type_column, ""),
        "a blank name": instead(name_column, ""),
        "a name with a space": instead(name_column, f"a {cells[name_column]}"),
        "prose": "Some prose.",
        "quoted": f"> {line}",
        "HTML above": f"<div>\n{line}",
    }


WAYS = sorted(broken(["a", "b", "c"], 1, Manner(("Property", "Type", "Description"), frozenset(), "\n")))


@given(resource_lists, sound_tables, st.sampled_from(WAYS), st.data())
def test_what_is_lost_is_said(
    resources: list[WrittenResource], manner: Manner, way: str, data: st.DataObject
) -> None:
    """A row that breaks its table, or that cannot be read for certain, gives a diagnostic on its own line."""
    lines, places = render(resources, manner)
    victim = data.draw(st.sampled_from(resources))
    member = data.draw(st.sampled_from(victim.properties))
    line = places[f"{victim.name}.{member.name}"]
    ways = broken(cells_of(member, manner), HEADERS[manner.header].index(TYPE), manner)
    lines[line - 1] = ways[way]
    page = read_page_text(page_of("\n".join(lines).split("\n"), manner), "page.md")
    shift = ways[way].count("\n")
    assert any(line <= said.line <= line + shift for said in page.diagnostics), page.diagnostics
    assert page.errors or way in ("twice", "a cell too few")


@given(
    resource_lists,
    sound_tables,
    st.sampled_from(["", "| --- |", "| --- | --- | --- | --- | --- |", "| a | b | c |"]),
)
def test_a_table_without_a_fitting_delimiter_row_is_not_lost_silently(
    resources: list[WrittenResource], manner: Manner, delimiter: str
) -> None:
    """Where the delimiter row is missing or does not fit, the page has an error."""
    lines, _ = render(resources, manner)
    fitting = row(["---"] * len(manner.header), manner)
    lines[lines.index(fitting)] = delimiter
    assert read_page_text(page_of(lines, manner), "page.md").errors


@pytest.mark.parametrize(
    ("titles", "listed"),
    [
        ("Name | Value", True),
        ("Name | ID", True),
        ("Member | Value", True),
        ("Name | Description", False),
        ("Method | Value", False),
        ("Method | Number", False),
    ],
)
def test_a_table_of_names_and_numbers_is_a_list_of_values(titles: str, listed: bool) -> None:
    """By both its titles; one of them alone may stand over anything."""
    text = f"# Colours\n\n## Colour\n\n| {titles} |\n|-|-|\n| Red | 1 |\n| Blue | 2 |\n"
    found = [each.name for each in read_page_text(text, "p.md").enumerations]
    assert found == (["Colour"] if listed else [])


@pytest.mark.parametrize(("types", "read"), [(("jack", "plug"), False), (("jack", "string"), True)])
def test_a_table_of_names_and_types_is_a_resource_by_a_type_that_is_one(
    types: tuple[str, str], read: bool
) -> None:
    """Words that are no types may be those of any table."""
    rows = "".join(f"| side{number} | {each} | x |\n" for number, each in enumerate(types))
    text = f"# How to\n\n## Cables\n\n| Name | Type | Description |\n|-|-|-|\n{rows}"
    assert [each.name for each in read_page_text(text, "p.md").resources] == (["Cables"] if read else [])
