"""Laws of causes: what is alike but for its place is one paragraph in every report, with all its places."""

from __future__ import annotations

import dataclasses
import io
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from partner_insights.contract import Catalogue, Profile, Severity, Standing
from partner_insights.verify import Request, Violation
from partner_insights.verify.report.causes import causes
from partner_insights.verify.report.census import Census
from partner_insights.verify.report.github import github
from partner_insights.verify.report.html import html
from partner_insights.verify.report.markdown import markdown
from partner_insights.verify.report.report import Report
from partner_insights.verify.report.terminal import show
from partner_insights.verify.report.verdict import Judgement
from partner_insights.verify.run.results import Results

CATALOGUE = Catalogue.load()
OPERATIONS = ("customer-licenses-usage", "licenses-usage", "customer-licenses-deployment")


def violation(operation: str, pointer: str, code: str = "PI101", message: str = "is no number") -> Violation:
    request = Request("GET", f"http://h/{operation}", operation=operation)
    return Violation(
        code, Severity.ERROR, Standing.DOCUMENTED, operation, pointer, message, None, None, "", request
    )


VIOLATIONS = st.lists(
    st.builds(
        violation,
        st.sampled_from(OPERATIONS),
        st.sampled_from(["", "/totalCount", "/items/0/name", "/items/7/name", "/items/0/attributes/name"]),
        st.sampled_from(["PI101", "PI102"]),
        st.sampled_from(["is no number", 'was "a" 3 times', 'was "b" 4 times']),
    ),
    max_size=12,
)


@given(VIOLATIONS)
def test_each_violation_has_one_cause(found: list[Violation]) -> None:
    """None is lost, none told twice; those of a cause have one code, and it stands where it is met first."""
    told = causes(found)
    assert Counter(id(each) for cause in told for each in cause.places) == Counter(map(id, found))
    assert all(len({each.code for each in cause.places}) == 1 for cause in told)
    assert [cause.first for cause in told] == sorted((cause.first for cause in told), key=found.index)


def test_places_are_not_causes() -> None:
    """A property that is wrong everywhere is one cause; another property, weight or sentence is another."""
    alike = [violation(operation, f"/items/{n}/name") for n, operation in enumerate(OPERATIONS)]
    others = [
        violation(OPERATIONS[0], "/items/0/channel"),
        violation(OPERATIONS[0], "/items/0/name", "PI102"),
        dataclasses.replace(alike[0], severity=Severity.WARNING),
        violation(OPERATIONS[0], "", message='the header "Date" is from 2019'),
        violation(OPERATIONS[1], "", message='the header "Date" is from 2021'),
        violation(OPERATIONS[1], "", message="the body is empty"),
    ]
    assert [len(cause.places) for cause in causes([*alike, *others])] == [3, 1, 1, 1, 2, 1]


def results() -> Results:
    """Three operations were asked five times each; the first has the fault in two of them, once twice."""
    found = Results()
    found.answers.update(dict.fromkeys(OPERATIONS, 5))
    found.add([violation(OPERATIONS[0], "/items/0/name"), violation(OPERATIONS[0], "/items/1/name")])
    for operation in OPERATIONS:
        found.add([violation(operation, "/items/0/name")])
    return found


def test_every_report_tells_a_cause_once() -> None:
    """One paragraph with each place and in how many answers it was seen, and one request to see it again."""
    found = results()
    judgement = Judgement(Profile.CORRECTED, "x", 15, OPERATIONS, tuple(found.violations), (), tested=True)
    report = Report(judgement, "summary", CATALOGUE, found.counts, found.seen, (), Census(), ())
    screen = Console(file=io.StringIO(), width=200)
    show(screen, judgement, report.counts, report.seen)
    texts = [screen.file.getvalue(), markdown(report), html(report), github(report)]  # type: ignore[attr-defined]
    for text in texts:
        assert text.count("curl ") == 1
        assert text.count("is no number") == 1
        assert all(operation in text for operation in OPERATIONS)
    for text in texts[:3]:
        assert text.count("2 of 5 answers") == 1
        assert text.count("1 of 5 answers") == 2
        assert "and 2 more places" in text


def test_an_answer_counts_once() -> None:
    """However often an answer has a fault, it is one answer; times are counted as before."""
    found = results()
    key = violation(OPERATIONS[0], "/items/0/name").key
    assert found.counts[key] == 3
    assert found.seen[key] == "2 of 5 answers"
