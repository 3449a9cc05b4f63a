"""Two editions: each planted change is told with its cells, its level and the errata it touches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from partner_insights._data import schemas_dir
from partner_insights.cli.diff import command
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
