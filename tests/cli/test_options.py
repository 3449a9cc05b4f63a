"""Text of an option becomes a value, or a message that names what is accepted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from partner_insights.cli import options
from partner_insights.cli.verbs import main

if TYPE_CHECKING:
    from pathlib import Path


@given(st.dates(options.FIRST_DAY, options.LAST_DAY))
def test_every_day_in_range_is_read(day: date) -> None:
    """A day in ISO form is that day."""
    assert options.day(day.isoformat()) == day


@given(st.dates().filter(lambda day: not options.FIRST_DAY <= day <= options.LAST_DAY))
def test_day_out_of_range_names_the_range(day: date) -> None:
    """A day that no world can have is refused with the first and the last there are."""
    with pytest.raises(click.BadParameter, match=f"{options.FIRST_DAY} and {options.LAST_DAY}"):
        options.day(day.isoformat())


@given(st.text(st.characters(min_codepoint=128), min_size=1) | st.from_regex(r"\d{4}-(1[3-9]|00)-\d\d"))
def test_what_is_no_day_names_both_forms(text: str) -> None:
    """Anything else is refused with the two forms that are accepted."""
    with pytest.raises(click.BadParameter, match="give YYYY-MM-DD or today"):
        options.day(text)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-W10-1", "20261122", "22.11.2026", "", "yesterday", "2026-11-22T00:00"]
)
def test_impossible_and_foreign_forms_are_refused(text: str) -> None:
    """No day of the calendar, or another notation for one: refused, not guessed."""
    with pytest.raises(click.BadParameter):
        options.day(text)


@pytest.mark.parametrize(
    "name", ["x.csv", "x.JSON", "x.csv.gz", "x.har", "x.parquet", "page.html", ".ndjson.zip"]
)
@pytest.mark.parametrize(
    "line",
    [
        "fixtures write world",
        "fixtures export",
        "fixtures invalid Customer",
        "types --language python",
        "record --url http://127.0.0.1:9",
    ],
)
def test_a_folder_is_not_named_as_a_file(line: str, name: str, tmp_path: Path) -> None:
    """Who asks for a file gets no folder of that name, but a word on it."""
    result = CliRunner().invoke(main, [*line.split(), "--out", str(tmp_path / name)])
    assert result.exit_code == 2
    assert "names a file, and this is written to a folder" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["world", "world.v2", "2026.11", ".hidden", "csv"])
def test_a_folder_may_have_any_other_name(name: str, tmp_path: Path) -> None:
    """A full stop makes no file of it."""
    options.check_folder_name(tmp_path / name)


def test_today_is_of_utc() -> None:
    """`today` is the date where the API's dates live."""
    before = datetime.now(UTC).date()
    assert before <= options.day("today") <= datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("type_", "text", "accepted"),
    [
        (options.day, "2026-02-30", "YYYY-MM-DD"),
        (options.SEED, "-1", "0<=x<=9007199254740991"),
        (options.SEED, "lucky", "integer"),
        (options.CUSTOMERS, "0", "1<=x<="),
        (options.COUNT, "-3", "x>=1"),
        (options.PORT, "65536", "0<=x<=65535"),
    ],
)
def test_bad_value_names_the_option_and_what_it_accepts(type_: Any, text: str, accepted: str) -> None:
    """A refused value ends with exit 2 and names its option and what would have been accepted."""

    @click.command()
    @click.option("--it", type=type_)
    def command(it: object) -> None:
        pytest.fail(f"{text} was taken as {it}")

    result = CliRunner().invoke(command, ["--it", text])
    assert result.exit_code == 2
    assert "--it" in result.stderr
    assert accepted in result.stderr
