"""Two editions: each planted change is told with its cells, its level and the errata it touches."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from partner_insights._data import schemas_dir
from partner_insights.cli.diff import command
from partner_insights.cli.verbs import main
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.diff import EditionDiff, Level, compare

SCHEMAS = schemas_dir()
PAGE = SCHEMAS / "tables" / "analytics-resources.md"
ERRATA = tuple(read_errata(SCHEMAS / "errata.toml").values())
THING = """# Things

## Thing

| Property | Type | Description |
|---|---|---|
| id | string | Names it. |
| state | string | The state: "open", "shut", or "lost". |
| code | string | A code of at most 10 characters. |
| attributes | object | Includes "objectType": "Thing" |
"""


def compared(old: Path, new: Path) -> EditionDiff:
    return compare(old, new, ERRATA, shipped=SCHEMAS / "tables")


def edited(tmp_path: Path, page: str, old: str, new: str) -> tuple[Path, Path]:
    """Two editions of a page, of one name in two folders."""
    assert old in page
    paths = tmp_path / "old" / "analytics-resources.md", tmp_path / "new" / "analytics-resources.md"
    for path, text in zip(paths, (page, page.replace(old, new, 1)), strict=True):
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    return paths


CHANGES = {
    "a type": ("| id | string", "| id | int", [("breaking", "id", "type", "string", "int")]),
    "a property gone": ("| id | string | Names it. |\n", "", [("breaking", "id", "property", "id", None)]),
    "a property added": (
        "| state ",
        "| kind | string | New. |\n| state ",
        [("compatible", "kind", "property", None, "kind")],
    ),
    "a constant": (
        '"Thing" |',
        '"Things" |',
        [
            (
                "breaking",
                "attributes",
                "const",
                'Includes "objectType": "Thing"',
                'Includes "objectType": "Things"',
            )
        ],
    ),
    "a value gone": (
        '"shut", ',
        "",
        [
            (
                "breaking",
                "state",
                "enum",
                'The state: "open", "shut", or "lost".',
                'The state: "open", or "lost".',
            )
        ],
    ),
    "a value added": (
        '"shut", ',
        '"shut", "ajar", ',
        [
            (
                "compatible",
                "state",
                "enum",
                'The state: "open", "shut", or "lost".',
                'The state: "open", "shut", "ajar", or "lost".',
            )
        ],
    ),
    "a longer string": (
        "at most 10",
        "at most 20",
        [
            (
                "compatible",
                "code",
                "maxLength",
                "A code of at most 10 characters.",
                "A code of at most 20 characters.",
            )
        ],
    ),
    "a shorter string": (
        "at most 10",
        "at most 9",
        [
            (
                "breaking",
                "code",
                "maxLength",
                "A code of at most 10 characters.",
                "A code of at most 9 characters.",
            )
        ],
    ),
    "presence": (
        "Names it.",
        "Optional. Names it.",
        [("breaking", "id", "presence", "Names it.", "Optional. Names it.")],
    ),
    "wording": (
        "Names it.",
        "Its name.",
        [("wire-irrelevant", "id", "wording", "Names it.", "Its name.")],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_with_its_cells_and_its_level(tmp_path: Path, change: str) -> None:
    """A planted change is the only one told: its level, aspect, and the cell before and after."""
    old, new, expected = CHANGES[change]
    told = compared(*edited(tmp_path, THING, old, new)).changes
    assert [(c.level.label, c.name, c.aspect, c.before, c.after) for c in told] == expected


@pytest.mark.parametrize("said", ["Yes", "No"])
def test_a_column_that_came_makes_known_what_was_not(tmp_path: Path, said: str) -> None:
    """No page said before whether a property is there: saying it breaks no client, nor does silence."""
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("# Thing\n\n| Property | Type |\n|---|---|\n| id | string |\n", encoding="utf-8")
    new.write_text(
        f"# Thing\n\n| Property | Type | Required |\n|---|---|---|\n| id | string | {said} |\n",
        encoding="utf-8",
    )
    for before, after in ((old, new), (new, old)):
        (change,) = compared(before, after).changes
        assert (change.aspect, change.level) == ("presence", Level.COMPATIBLE)


def test_an_edition_does_not_differ_from_itself() -> None:
    """Page against page, folder against folder: no change."""
    for place in (PAGE, PAGE.parent, SCHEMAS):
        assert compared(place, place) == EditionDiff((), ())


def test_the_renamed_example_is_wording(tmp_path: Path) -> None:
    """The edition that calls o365 Microsoft 365 changes nothing on the wire (E-007)."""
    page = PAGE.read_text(encoding="utf-8")
    comparison = compared(*edited(tmp_path, page, "o365, crm", "Microsoft 365, crm"))
    (change,) = comparison.changes
    assert change.level is comparison.level is Level.WIRE_IRRELEVANT
    assert "o365" in str(change.before)
    assert "Microsoft 365" in str(change.after)


def test_a_guarded_cell_that_changed_names_its_erratum(tmp_path: Path) -> None:
    """The page that corrects workloadName itself needs E-001 no more, and the comparison says so."""
    page = PAGE.read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith("| workloadName      | number"))
    comparison = compared(*edited(tmp_path, page, line, line.replace("number", "string")))
    looks = [(look.erratum, look.found, look.fits) for look in comparison.errata]
    assert looks == [("E-001", "string", False)]


def test_a_machine_translation_is_one(tmp_path: Path) -> None:
    """Where the new page is marked as translated, no change is called breaking: its names are no names."""
    old, new = edited(tmp_path, THING, "| id | string | Names it. |", "| azonosító | karakterlánc | Név. |")
    new.write_text("---\nms.translationtype: MT\n---\n" + new.read_text(encoding="utf-8"), encoding="utf-8")
    comparison = compared(old, new)
    assert comparison.level is Level.TRANSLATION
    assert {change.level for change in comparison.changes} == {Level.TRANSLATION}


@pytest.mark.parametrize(
    ("change", "fail_on", "status"),
    [
        ("wording", "compatible", 0),
        ("wording", "wire-irrelevant", 1),
        ("a property added", "compatible", 1),
        ("a property added", "breaking", 0),
        ("a type", "breaking", 1),
    ],
)
def test_levels_map_to_exit_codes(tmp_path: Path, change: str, fail_on: str, status: int) -> None:
    """A change of the level of --fail-on, or a graver one, is exit code 1; each form tells of it."""
    old, new, expected = CHANGES[change]
    paths = [str(path) for path in edited(tmp_path, THING, old, new)]
    for form in ("text", "json", "markdown"):
        result = CliRunner().invoke(
            command, [*paths, "--fail-on", fail_on, "--format", form], standalone_mode=False
        )
        assert result.return_value == status
        assert expected[0][0] in result.output
        if form == "json":
            (told,) = json.loads(result.output)["changes"]
            assert (told["level"], told["before"], told["after"]) == (
                expected[0][0],
                *expected[0][3:],
            )


def test_derived_folders_compare_like_their_pages(tmp_path: Path) -> None:
    """A type changed in a derived file is the breaking change it is in the page."""
    folder = Path(
        shutil.copytree(SCHEMAS, tmp_path / "schemas", ignore=shutil.ignore_patterns("openapi.json"))
    )
    path = folder / "Link.schema.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"string"', '"integer"', 1), encoding="utf-8")
    (change,) = compared(SCHEMAS, folder).changes
    assert (change.subject, change.level) == ("Link.uri", Level.BREAKING)


HEAD = "| Property | Type | Description |\n|---|---|---|\n"
BOOK = "| title | string | Its name. |\n| pages | int | How many. |\n| shelf | [Shelf](shelf.md) | Where. |\n"
SHELF = (
    "".join(f"| {name} | int | x |\n" for name in ("row", "room", "floor", "wall", "year"))
    + "| side | string | x |\n"
)
LIBRARY = {
    "book.md": f"# Book\n\n{HEAD}{BOOK}",
    "shelf.md": f"# Shelf\n\n{HEAD}{SHELF}",
    "desk.md": f"# Desk\n\n{HEAD}| number | int | Its number. |\n",
}


def editions(folder: Path, new: dict[str, str], old: dict[str, str] = LIBRARY) -> EditionDiff:
    """The library's pages against those of another edition, folder by folder."""
    for name, pages in (("old", old), ("new", new)):
        for page, text in pages.items():
            (folder / name / page).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / page).write_text(text, encoding="utf-8")
    return compared(folder / "old", folder / "new")


def test_what_would_be_read_by_halves_is_refused(tmp_path: Path) -> None:
    """A dialect of what is derived already, and a pipe, whose page is gone when it is read again: exit 2."""
    derived = str(schemas_dir())
    page, pipe = tmp_path / "page.md", tmp_path / "pipe.md"
    page.write_text("# Thing\n")
    os.mkfifo(pipe)
    for words, told in (
        (["diff", derived, derived, "--dialect", "discord"], "--dialect"),
        (["diff", str(page), str(pipe)], "a pipe or a device"),
        (["check", "--page", str(pipe)], "a pipe or a device"),
    ):
        refused = CliRunner().invoke(main, words)
        assert (refused.exit_code, told in refused.output) == (2, True), refused.output


def test_a_page_and_a_resource_of_another_name_are_followed(tmp_path: Path) -> None:
    """What moved is told as such; only what changed on the way is a change, references to it are none."""
    new = {
        "book.md": LIBRARY["book.md"].replace("[Shelf](shelf.md)", "[Rack](racks.md#rack)"),
        "racks.md": f"# Racks\n\n## Rack\n\n{HEAD}{SHELF.replace('| string', '| int')}| top | int | x |\n",
        "desk.md": LIBRARY["desk.md"],
    }
    found = editions(tmp_path, new)
    told = [(change.level.label, change.subject, change.aspect, change.after) for change in found.changes]
    assert told[:2] == [
        ("breaking", "Rack.side", "type", "int"),
        ("compatible", "Rack.top", "property", "top"),
    ]
    assert ("wire-irrelevant", "Rack", "name", "Rack") in told
    assert ("wire-irrelevant", "Rack", "page", "racks.md") in told
    assert {level for level, subject, _, _ in told if subject.startswith("Book")} == {"wire-irrelevant"}


def test_what_is_another_resource_is_not_followed(tmp_path: Path) -> None:
    """A resource that shares too little is gone, and the new one came."""
    new = {**LIBRARY, "desk.md": f"# Lamp\n\n{HEAD}| watts | int | Its power. |\n"}
    found = editions(tmp_path, new)
    assert [(change.level.label, change.subject) for change in found.changes] == [
        ("breaking", "Desk"),
        ("compatible", "Lamp"),
    ]


UNREAD = {**LIBRARY, "book.md": LIBRARY["book.md"].replace("| pages | int", "| pages | some")}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ({"book.md": LIBRARY["book.md"]}, LIBRARY, {("compatible", "Book.shelf", "$ref")}),
        (LIBRARY, {"book.md": LIBRARY["book.md"]}, {("compatible", "Book.shelf", "$ref")}),
        (UNREAD, LIBRARY, {("compatible", "Book.pages", "type")}),
        (LIBRARY, UNREAD, {("breaking", "Book.pages", "type")}),
    ],
)
def test_what_becomes_known_breaks_nothing(
    tmp_path: Path, old: dict[str, str], new: dict[str, str], told: set[tuple[str, str, str]]
) -> None:
    """The page a cell leads to comes or goes, a type is read at last; one that cannot be read is another."""
    changes = editions(tmp_path, new, old).changes
    found = {(change.level.label, change.subject, change.aspect) for change in changes if change.name}
    assert found == told


def test_one_of_two_resources_of_a_name_goes_on_in_the_other(tmp_path: Path) -> None:
    """ "Desks" beside "Desk", with the same rows, is no loss; "Shelf" with other rows would be one."""
    desks = LIBRARY["desk.md"].replace("# Desk", "# Desks")
    both = editions(tmp_path / "same", LIBRARY, {**LIBRARY, "desks.md": desks}).changes
    assert {(change.level.label, change.aspect) for change in both if not change.name} <= {
        ("wire-irrelevant", "name"),
        ("wire-irrelevant", "page"),
    }
    assert any(change.before == "Desks" and change.aspect == "name" for change in both)
    shelfs = f"# Shelfs\n\n{HEAD}| wood | string | x |\n"
    (gone,) = editions(tmp_path / "other", LIBRARY, {**LIBRARY, "shelfs.md": shelfs}).changes
    assert (gone.level.label, gone.subject, gone.aspect) == ("breaking", "Shelfs", "resource")


def test_a_translated_page_among_many_hides_no_other_change(tmp_path: Path) -> None:
    """Its cells are told as translated; the other pages are compared as ever."""
    translated = "---\ntitle: x\nms.translationtype: MT\n---\n" + LIBRARY["desk.md"].replace(
        "| number", "| Nummer"
    )
    new = {
        **LIBRARY,
        "desk.md": translated,
        "book.md": LIBRARY["book.md"].replace("| pages | int", "| pages | string"),
    }
    found = editions(tmp_path, new)
    assert [(change.level.label, change.subject) for change in found.changes] == [
        ("breaking", "Book.pages"),
        ("translation", "Desk.number"),
    ]


def test_the_summary_for_a_pull_request(tmp_path: Path) -> None:
    """Gravest first, what is not on the wire folded; no text of a page is Markdown or markup of its own."""
    hostile = "</details> `x` [l](http://e.example) @all | <b>"
    new = {
        "book.md": LIBRARY["book.md"]
        .replace("| pages | int |", "| pages | string |")
        .replace("Its name.", hostile),
        "shelf.md": LIBRARY["shelf.md"],
    }
    editions(tmp_path, new)
    result = CliRunner().invoke(
        command, [str(tmp_path / "old"), str(tmp_path / "new"), "--format", "markdown"], standalone_mode=False
    )
    text = result.output
    assert result.return_value == 1
    assert text.index("### Breaking") < text.index("<details><summary>Wording")
    assert "| `Book.pages` | type, Type cell | int | string | `book.md:6` |" in text
    assert "| `Desk` | resource, Heading cell | Desk | — | `desk.md:1` |" in text
    assert text.count("</details>") == 1
    assert "](http" not in text
    assert all(line.count("|") - line.count("\\|") == 6 for line in text.splitlines() if line.startswith("|"))


def test_a_summary_says_what_was_read_where_the_cells_say_the_same(tmp_path: Path) -> None:
    """A list elsewhere has lost a value: the summary shows both lists, not the same cell twice."""
    page = (
        "# Loan resource\n\n| Property | Type | Description |\n|---|---|---|\n"
        "| state | string | The supported values are the member names found in [State](#state). |\n\n"
        "## State\n\n| Value | Description |\n|---|---|\n| open | Lent. |\n| lost | Gone. |\n"
        "| shut | Back. |\n"
    )
    for edition, text in {"old": page, "new": page.replace("| lost | Gone. |\n", "")}.items():
        (tmp_path / edition).mkdir()
        (tmp_path / edition / "loan.md").write_text(text, encoding="utf-8")
    found = [str(tmp_path / "old"), str(tmp_path / "new")]
    text = CliRunner().invoke(command, [*found, "--format", "markdown"], standalone_mode=False).output
    lists = r'\["open", "lost", "shut"\] | \["open", "shut"\]'
    assert f"| `Loan.state` | enum, Description cell | {lists} | `loan.md:5` |" in text
