"""Laws of the baseline: it never hides a new violation, fails when an entry is over, keeps people's words."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Profile, Severity, Standing
from partner_insights.errors import InputError
from partner_insights.toml import toml_value
from partner_insights.verify import Request, Violation
from partner_insights.verify.report.baseline import TO_BE_SAID, Baseline, Deviation, read_baseline
from partner_insights.verify.report.verdict import Judgement, Verdict

CATALOGUE = Catalogue.load()
TODAY = date(2026, 11, 22)

codes = st.sampled_from(["PI101", "PI102", "PI207"])
operations = st.sampled_from([None, "customers", "partner-licenses-usage"])
pointers = st.sampled_from(["", "/totalCount", "/items/0/channel", "/items/17/channel", "/items/0"])
days = st.none() | st.integers(-3, 3).map(lambda more: TODAY + timedelta(days=more))


def a_violation(code: str = "PI101", operation: str | None = "customers", pointer: str = "/x") -> Violation:
    return Violation(
        code=code,
        severity=Severity.ERROR,
        standing=Standing.DOCUMENTED,
        operation=operation,
        pointer=pointer,
        message="is wrong",
        source=None,
        erratum=None,
        value="3",
        request=Request("GET", "http://127.0.0.1/v1", operation=operation),
    )


violations = st.lists(st.builds(a_violation, codes, operations, pointers), max_size=6)
blank = st.sampled_from(["", "/totalCount", "/items/*/channel", "/items/*"])
deviations = st.lists(
    st.builds(Deviation, codes, operations, blank, st.text(min_size=1), st.none() | st.text(), days),
    max_size=6,
)


def judgement(baseline: Baseline, found: list[Violation]) -> Judgement:
    comparison = baseline.compare(found, TODAY)
    return Judgement(Profile.STRICT, "x", 1, ("customers",), comparison.new, (), True, comparison)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(found=violations, known=deviations)
def test_a_new_violation_is_never_hidden(found: list[Violation], known: list[Deviation]) -> None:
    """Each violation is new, unless an entry in force has its code, operation and pointer; none gets lost."""
    compared = Baseline(Path("x"), tuple(known)).compare(found, TODAY)
    in_force = {each.key for each in known if each.expires is None or each.expires >= TODAY}
    assert list(compared.new) == [each for each in found if each.key not in in_force]
    assert len(compared.new) + len(compared.known) == len(found)
    verdict = judgement(Baseline(Path("x"), tuple(known)), found).verdict
    over = any(each.expires is not None and each.expires < TODAY for each in known)
    assert (verdict is Verdict.BROKEN) == (bool(compared.new) or over)


@given(found=violations, known=deviations)
def test_what_was_not_seen_is_named(found: list[Violation], known: list[Deviation]) -> None:
    """An entry is unseen exactly where no violation has its place."""
    compared = Baseline(Path("x"), tuple(known)).compare(found, TODAY)
    assert [each.key for each in compared.unseen] == [
        each.key for each in known if each.key not in {violation.key for violation in found}
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("suffix", ["toml", "json"])
@given(found=violations, known=deviations, whole=st.booleans())
def test_an_update_keeps_what_people_wrote(
    tmp_path: Path, suffix: str, found: list[Violation], known: list[Deviation], whole: bool
) -> None:
    """Written and read again: entries that stay are the same in every field, new ones ask for a reason."""
    path = tmp_path / f"baseline.{suffix}"
    before = {each.key: replace(each, reason=each.reason.strip() or "x") for each in known}
    updated = Baseline(path, tuple(before.values())).updated(found, keep_unseen=not whole)
    updated.write()
    after = {each.key: each for each in read_baseline(path, may_be_absent=True).deviations}
    assert set(after) == {each.key for each in found} | (set() if whole else set(before))
    for place, each in after.items():
        assert each == before.get(place, replace(each, reason=TO_BE_SAID, ticket=None, expires=None))
    assert list(tmp_path.iterdir()) == [path]


@given(
    value=st.recursive(
        st.text()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_toml_reads_back_as_it_was(value: Any) -> None:
    """Whatever the value."""
    assert tomllib.loads(f"value = {toml_value(value)}")["value"] == value


BAD = [
    ('[[known]]\ncode = "PI101"\npointer = "/x"\n', "`reason` is missing"),
    ('[[known]]\ncode = "PI101"\npointer = "/x"\nreason = " "\n', "`reason` is missing"),
    ('[[known]]\ncode = "PI101"\npointer = "/x"\nreason = "r"\npointr = "/y"\n', "nothing is called pointr"),
    ('[[known]]\ncode = "PI101"\npointer = "/x"\nreason = "r"\nexpires = "soon"\n', "`expires` is no day"),
    ('[[known]]\ncode = "PI101"\npointer = "/x"\nreason = "r"\n' * 2, "listed twice"),
    *(
        (f'[[known]]\ncode = "PI101"\npointer = "/x"\nreason = "{reason}"\n', "reason still has to be said")
        for reason in (TO_BE_SAID, "TODO", "tbd.", "...", "N/A", "known")
    ),
    ("known = 5\n", "a list named `known`"),
    ('[[knwon]]\ncode = "PI101"\n', "a list named `known`"),
    ("[[known]\n", "cannot be read"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_entry_hides_nothing(tmp_path: Path, text: str, said: str) -> None:
    """It stops the run, named by its number: a misspelt entry must not widen what is accepted."""
    path = tmp_path / "baseline.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said.replace("`", ".")):
        read_baseline(path)


@pytest.mark.parametrize("code", CATALOGUE.codes)
@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_every_code_is_accepted_once_its_reason_is_said(tmp_path: Path, code: str, suffix: str) -> None:
    """What an update wrote is refused as it stands; with a reason it makes this code known, and no other."""
    path = tmp_path / f"known.{suffix}"
    found = [a_violation(code, pointer="/items/3/channel")]
    read_baseline(path, may_be_absent=True).updated(found, keep_unseen=False).write()
    with pytest.raises(InputError, match="reason still has to be said"):
        read_baseline(path)
    path.write_text(path.read_text().replace(TO_BE_SAID, "The service team knows of it"))
    accepted = read_baseline(path)
    assert judgement(accepted, [a_violation(code, pointer="/items/0/channel")]).verdict is Verdict.HELD
    other = next(each for each in CATALOGUE.codes if each != code)
    assert judgement(accepted, [*found, a_violation(other, pointer="/items/3/channel")]).violations == (
        a_violation(other, pointer="/items/3/channel"),
    )


def test_a_missing_file_is_only_made_on_request(tmp_path: Path) -> None:
    """A misspelt file name is an error, not an empty baseline."""
    with pytest.raises(InputError, match="no such file"):
        read_baseline(tmp_path / "x.toml")
    assert read_baseline(tmp_path / "x.toml", may_be_absent=True).deviations == ()


def test_the_json_report_tells_the_known_apart() -> None:
    """`violations` are the new ones; `baseline` has the known, expired and unseen."""
    old, new = a_violation(), a_violation(pointer="/y")
    entries = (
        Deviation("PI101", "customers", "/x", "since ever", "T-1"),
        Deviation("PI102", None, "", "gone", expires=TODAY - timedelta(days=1)),
    )
    report = json.loads(json.dumps(judgement(Baseline(Path("x"), entries), [old, new]).to_json()))
    assert [each["pointer"] for each in report["violations"]] == ["/y"]
    assert [each["known"]["reason"] for each in report["baseline"]["known"]] == ["since ever"]
    assert [each["code"] for each in report["baseline"]["expired"]] == ["PI102"]
    assert [each["code"] for each in report["baseline"]["unseen"]] == ["PI102"]
