"""Descriptions: which constraints their prose states for certain, and that it is never taken for more."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.derive.schema import resource_schema
from partner_insights.tables import read_page_text

JUDGED = Path(__file__).parent / "descriptions.jsonl"
KEYWORDS = (
    *("enum", "const", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)


def constraints(type_: str, name: str, description: str) -> tuple[dict[str, Any], bool]:
    """The constraints that a row's description states, and whether the page has a note about it."""
    row = f"| {name} | {type_} | {description.replace('|', chr(92) + '|')} |"
    page = read_page_text(f"# Thing\n\n| Property | Type | Description |\n|---|---|---|\n{row}\n", "p.md")
    schema = resource_schema(page.name, page.resources[0], lambda _: None)["properties"][name]
    values = schema.get("items", schema)
    noted = any(found.code == "uncertain" and found.line == 5 for found in page.diagnostics)
    return {keyword: values[keyword] for keyword in KEYWORDS if keyword in values}, noted


def test_a_judged_description_states_what_was_judged() -> None:
    """By hand: right ones state just that, silent ones nothing, tricky ones nothing but a note."""
    wrong = []
    judged = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    for judgement, type_, name, description, expected in judged:
        stated, noted = constraints(type_, name, description)
        if stated != expected or noted is not (judgement == "tricky"):
            wrong.append((judgement, description, stated, noted))
    assert not wrong
    assert len(judged) >= 300


PRESENT = [
    "Required.",
    "(Required) The name.",
    "This property is required.",
    "Required: The name.",
    "Required. For example, `x`.",
]
NOT_SURELY_PRESENT = [
    *(
        "Required: no",
        "Required: only for plays.",
        "Required; if lent.",
        "(Required) if lent.",
        "Required: false",
    ),
    *("Required. Only for plays.", "Required. Optional for plays.", "Required. Not needed for plays."),
    *(
        "This field is mandatory; except for plays.",
        "This property is required. It may be left out for plays.",
    ),
]
PERHAPS = [
    "Required if lent",
    "Yes, if lent",
    "Yes*",
    "Yes (plays)",
    "Required/Optional",
    "Yes or no",
    "Always, except for plays",
]


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        *(("Description", text, True) for text in PRESENT),
        *(("Description", text, False) for text in NOT_SURELY_PRESENT),
        *(
            ("Required", text, True)
            for text in ("Yes", "y", "✓", "✔️", "✅", "Required", "Mandatory.", "true")
        ),
        *(("Required", text, False) for text in (*PERHAPS, "No", "Optional", "", "❌", "✗")),
    ],
)
def test_what_is_required_in_some_cases_is_not_required(column: str, text: str, expected: bool) -> None:
    """A condition, a footnote or a "no" behind the word leave the property one that may be absent."""
    page = read_page_text(
        f"# Thing\n\n| Property | Type | {column} |\n|---|---|---|\n| name | string | {text} |\n", "p.md"
    )
    [row] = page.resources[0].properties
    assert row.facts.required is expected
    assert not page.diagnostics


words = st.sampled_from(["novel", "Poem", "longPlay", "v1_2", "in-print", "x.y", "A4", "openAccess", "DNA"])
lists = st.lists(words, min_size=2, max_size=5, unique=True)
marks = st.sampled_from(["`{}`", "**{}**", "*{}*", '"{}"', "“{}”", "_{}_", "<code>`{}`</code>"])
remarks = st.sampled_from(["", "", " (the usual one)", " (default)", " (see above (or below))"])
LEADS = [
    *(
        "Possible values are: ",
        "Possible values: ",
        "The possible values are ",
        "Allowed values are ",
        "Values: ",
    ),
    *("Supported are: ", "Valid options are: ", "Accepted values for this property are: ", "One of "),
    *(
        "Must be one of ",
        "Can be one of the following: ",
        "It can be ",
        "The value must be one of ",
        "Can be either ",
    ),
    *("Possible values for **kind** are ", "The possible values of the kind are: ", "The kind is one of "),
    *("The kind of the book: ", "The kind of the book, can be ", "The only supported values are: "),
]
leads = st.sampled_from(LEADS)
before = st.sampled_from(["", "The kind of the book. ", "Read-only. ", "What it is for, say, a shelf. "])
after = st.sampled_from(["", " Read-only.", " Supports `$filter`.", " Not used yet.", " Since 2014."])


@st.composite
def listings(draw: st.DrawFn, lead: st.SearchStrategy[str] = leads) -> tuple[str, list[str]]:
    """A sentence with its list of values, or with a list below it, and the values."""
    values = draw(lists)
    mark, opening = draw(marks), draw(lead)
    shown = [mark.format(value) + draw(remarks) for value in values]
    forms = ["{}"]
    if opening.endswith(": ") and "{" in mark:
        forms = ["line", "bullets", "in line"]
    form = draw(st.sampled_from(forms))
    if form == "line":
        return opening + "".join(f"<br/>{each} - of its own" for each in shown), values
    if form == "bullets":
        return f"{opening}<ul>{''.join(f'<li>{each}</li>' for each in shown)}</ul>", values
    joint, end = draw(st.sampled_from([(", ", ", "), (", ", " or "), (", ", ", and "), (", ", " and ")]))
    return f"{opening}{joint.join(shown[:-1])}{end}{shown[-1]}.", values


@given(before, listings(), after)
def test_a_whole_list_in_a_certain_form_is_an_enumeration(
    first: str, listing: tuple[str, list[str]], last: str
) -> None:
    """Whatever the wording, the marks, the remarks and the sentences around: its values, all of them."""
    sentence, values = listing
    assert constraints("string", "kind", first + sentence + ("" if "</ul>" in sentence else last)) == (
        {"enum": values},
        False,
    )


OPENERS = [
    *(
        " A custom kind can also be specified.",
        " Other values are possible.",
        " Multiple values can be given.",
    ),
    *(
        " They can be combined.",
        " New values may be added.",
        " Any string is accepted.",
        " The list goes on …",
    ),
    *(
        " For plays, possible values are `act`, `scene`.",
        " The default is `somethingElse`.",
        " Others can also be used.",
    ),
    " It is a comma-separated list.",
]


@given(listings(), st.sampled_from(OPENERS))
def test_a_list_that_goes_on_is_none(listing: tuple[str, list[str]], opener: str) -> None:
    """Where another sentence opens the list, or gives another, there is a note and no constraint."""
    sentence = listing[0]
    assert constraints("string", "kind", sentence + ("<br/>" if "<br/>" in sentence else "") + opener) == (
        {},
        True,
    )


CONDITIONS = [
    "If it is old, ",
    "When printed, ",
    "For plays, ",
    "Unless it is lent, ",
    "Since 2014, ",
    "Until 2020, ",
    "In winter, ",
]
NOT_VALUES = [
    *("Must not be one of the following: ", "Cannot be any of: ", "Must not contain any of the following: "),
    *(
        "The values not allowed are ",
        "Formerly one of ",
        "Should be one of ",
        "Possible values for **other** are ",
    ),
    *("The possible values of the colour are ", "Possible values include ", "Any value but "),
]


@given(st.sampled_from(CONDITIONS), listings(leads.map(lambda lead: lead[0].lower() + lead[1:])))
def test_a_list_on_a_condition_is_none(condition: str, listing: tuple[str, list[str]]) -> None:
    """What holds in some cases binds no value."""
    assert constraints("string", "kind", condition + listing[0])[0] == {}


@given(listings(st.sampled_from(NOT_VALUES)))
def test_what_is_forbidden_or_of_something_else_is_no_value(listing: tuple[str, list[str]]) -> None:
    """Characters a name must not have, values of another property and examples are no enumeration."""
    assert constraints("string", "kind", "The kind. " + listing[0])[0] == {}


@given(st.sampled_from(LEADS), lists, st.sampled_from(["thru", "through", "to", "up to"]))
def test_a_range_of_names_is_no_list(lead: str, values: list[str], word: str) -> None:
    """ "From this to that" names two of its values only."""
    assert constraints("string", "kind", f"{lead}`{values[0]}` {word} `{values[1]}`.")[0] == {}


@given(
    leads, lists, st.sampled_from(["`null`", "`null` (default value)", "null", "*null*"]), st.integers(0, 5)
)
def test_null_in_a_list_is_null(lead: str, values: list[str], null: str, place: int) -> None:
    """It is never the string "null", and the property may be null."""
    shown = [f"`{value}`" for value in values]
    shown.insert(place, null)
    stated, _ = constraints("string", "kind", f"{lead}{', '.join(shown)}.")
    assert stated == {"enum": [*values, None]}


@given(
    lists.filter(lambda values: len(values) > 2),
    st.sampled_from(["*", "**", "_"]),
    st.sampled_from([" or ", " and "]),
)
def test_several_words_in_one_pair_of_marks_are_several_values(
    values: list[str], mark: str, word: str
) -> None:
    """*A, B* or *C* are three values."""
    *most, last = [value.replace("_", "-") for value in values]
    text = f"Allowed values are {mark}{', '.join(most)}{mark}{word}{mark}{last}{mark}."
    assert constraints("string", "kind", text) == ({"enum": [*most, last]}, False)


@given(lists, st.integers(1, 999), st.sampled_from(["characters", "bytes", "chars"]))
def test_what_a_list_says_of_its_values_bounds_nothing(values: list[str], most: int, unit: str) -> None:
    """A remark beside a value is about that value."""
    lines = "".join(
        f"<li>`{value}` - {most + place} {unit} maximum</li>" for place, value in enumerate(values)
    )
    assert constraints("string", "kind", f"Supported are: <ul>{lines}</ul>")[0] == {"enum": values}


LENGTHS = [
    *(
        "Maximum length is {} characters.",
        "The maximum length of the kind is {} characters.",
        "At most {} characters.",
    ),
    *(
        "Must not exceed {} characters.",
        "Limited to {} characters.",
        "{} characters maximum.",
        "Up to {} characters.",
    ),
    *(
        "The kind can have at most {} characters.",
        "What it is (max {} characters).",
        "What it is, up to {} characters.",
    ),
]
BOUNDS = [
    *("Must be between 1 and {}.", "The value must be between 1 and {}, inclusive.", "Valid values 1 to {}."),
    *(
        "A number from 1 to {}.",
        "Range: 1-{}.",
        "What it counts (between 1 and {}).",
        "The kind can be between 1 and {}.",
    ),
]


@given(before, st.sampled_from(LENGTHS), st.integers(2, 9999), after)
def test_a_whole_sentence_about_the_length_is_one(first: str, sentence: str, most: int, last: str) -> None:
    """The bound, and nothing else."""
    text = first + sentence.format(most) + last
    assert constraints("string", "kind", text) == ({"maxLength": most}, False)
    assert constraints("array of strings", "kind", text)[0] == {}


@given(
    before,
    st.sampled_from(BOUNDS),
    st.integers(2, 9999),
    st.sampled_from(["", " Read-only.", " Not used yet."]),
)
def test_a_whole_sentence_about_the_range_is_one(first: str, sentence: str, most: int, last: str) -> None:
    """Both bounds, and nothing else."""
    text = first + sentence.format(most) + last
    assert constraints("int", "kind", text) == ({"minimum": 1, "maximum": most}, False)


SPOILERS = [
    *(
        "{condition}{sentence}",
        "{sentence} For plays, at most 1 character, between 0 and 1.",
        "Not {sentence}",
    ),
    *(
        "Usually {sentence}",
        "{sentence} A length of 0 characters or the value -1 means none.",
        "The prefix: {sentence}",
    ),
]


@given(
    st.sampled_from(["string", "int"]),
    st.sampled_from(SPOILERS),
    st.sampled_from(CONDITIONS),
    st.sampled_from([*LENGTHS, *BOUNDS]),
    st.integers(2, 9999),
)
def test_a_bound_that_does_not_always_hold_is_none(
    type_: str, spoiler: str, condition: str, sentence: str, most: int
) -> None:
    """A condition, an exception or a special value beside the range leaves it open."""
    stated = sentence.format(most)
    text = spoiler.format(condition=condition, sentence=stated[0].lower() + stated[1:])
    assert constraints(type_, "kind", text)[0] == {}


@pytest.mark.parametrize(
    "piece", ["1,1 ", "value a ", "`a` or 1 ", "(1-", "whether `a` or ", "between 1 and ", "**a, b** "]
)
def test_a_long_description_takes_no_time(piece: str) -> None:
    """Eight thousand characters of what looks like a constraint are read in a fraction of a second."""
    text = ("Possible values are " + piece * 8_000)[:8_000]
    began = time.process_time()
    constraints("string", "kind", text)
    assert time.process_time() - began < 0.6
