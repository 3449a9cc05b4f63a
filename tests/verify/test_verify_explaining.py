"""Laws of the codes: each explains itself, by `explain` and in the reports, as the judge weighs it."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from partner_insights.cli import main
from partner_insights.contract import PROVENANCE, Catalogue, Operation, Profile, Severity, Standing
from partner_insights.contract.explain import explain
from partner_insights.verify import Request, Violation
from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.report.census import Census
from partner_insights.verify.report.coverage import coverage
from partner_insights.verify.report.github import MAX_ANNOTATIONS, workflow_commands
from partner_insights.verify.report.markdown import MAX_LENGTH, markdown
from partner_insights.verify.report.report import Report
from partner_insights.verify.report.verdict import Judgement

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize("operation", CATALOGUE.operations)
def test_an_operation_is_explained_with_its_errata(operation: str) -> None:
    """Those about its requests, each with its title, and no others."""
    result = CliRunner().invoke(main, ["explain", operation])
    assert result.exit_code == 0
    told = set(re.findall(r"^  ([A-Z]-\w+) ", result.stdout, re.MULTILINE))
    assert told == {each.id for each in CATALOGUE.errata.values() if operation in each.operations}


@pytest.mark.parametrize("code", CATALOGUE.codes)
def test_every_code_explains_itself(code: str) -> None:
    """What it means, how it stands, where that is said, and how to silence it rightly."""
    result = CliRunner().invoke(main, ["explain", code])
    assert result.exit_code == 0
    for part in ("meaning", "standing", "to silence", "for a while"):
        assert f"  {part}" in result.output
    lines = dict(explain(code, CATALOGUE)[0][1])
    assert all(text.strip() for text in lines.values())
    assert lines.keys() & {"source", "keyword", "reason"}
    rules = [each for each in CATALOGUE.rules.values() if each.code == code]
    for each in rules[:1] or [CATALOGUE.codes[code]]:
        for profile in Profile if each.standing is not None else ():
            severity = profile.severity(each.standing, certain=each.weight.certain)
            told = ["error in every profile"] + ["error with --profile strict"] * (profile is Profile.STRICT)
            assert any(words in lines["standing"] for words in told) == (severity is Severity.ERROR), profile


def test_a_code_stands_as_the_judge_weighs_it() -> None:
    """What the judge finds on the wire has the standing, and the weight, that codes.toml gives its code."""
    told = [code for code in CATALOGUE.codes.values() if code.source is not None]
    found = [http_finding(code.code, "is wrong") for code in told]
    weighed = {each.code: (each.standing, each.certain) for each in found}
    assert weighed == {each.code: (each.standing, bool(each.weight.error_because)) for each in told}
    assert {certain for _, certain in weighed.values()} == {True, False}


def violation(number: int, message: str = "is wrong", severity: Severity = Severity.ERROR) -> Violation:
    return Violation(
        "PI101",
        severity,
        Standing.DOCUMENTED,
        "customers",
        f"/x{number}",
        message,
        None,
        None,
        "`|`",
        Request("GET", "http://h/v1", headers=(("X", "```"),), operation="customers"),
    )


def report(*violations: Violation) -> Report:
    judgement = Judgement(Profile.CORRECTED, "x", 1, ("customers",), violations, (), True)
    rows = tuple(coverage(CATALOGUE, Census(), violations))
    return Report(judgement, "a summary", CATALOGUE, {}, {}, rows, Census(), ())


@pytest.mark.parametrize("operation", CATALOGUE.operations.values(), ids=CATALOGUE.operations)
def test_every_parameter_explains_itself(operation: Operation) -> None:
    """What a request may say, what it means, and how that is known."""
    for name in operation.query:
        lines = explain(f"{operation.id}.{name}", CATALOGUE)[0][1]
        assert all(text.strip() for _, text in lines), name
        assert dict(lines).keys() & {"standing", "meaning"}, name
        assert "source" in dict(lines), name
        option = operation.options.named(name)
        most = option.maximum if option is not None else None
        bounds = dict(lines).get("bounds", "").split()
        assert bounds == ([str(option.minimum), "to", str(most)] if option and most is not None else []), name


def test_an_assumed_answer_says_so() -> None:
    """Documented is Next; what a client's other ways to seek lead to is our own reading."""
    assert "Assumed for all but Next" in dict(explain("customers.seekOperation", CATALOGUE)[0][1])["meaning"]


def test_a_corrected_keyword_is_told_with_what_the_cell_says() -> None:
    """Of every property: the overruled value beside each keyword that overrules one, and beside no other."""
    overruled = 0
    for name in CATALOGUE.resources:
        for row, schema in CATALOGUE.schema(name)["properties"].items():
            told = dict(explain(f"{name}.{row}", CATALOGUE)[1][1])
            for keyword, note in schema[PROVENANCE]["keywords"].items():
                was = note.get("was") if "erratum" in note and keyword not in ("presence", "name") else None
                says = f"; the cell says {json.dumps(was, ensure_ascii=False)})"
                assert told[keyword].endswith(says) is (was is not None), (name, row, keyword, told[keyword])
                overruled += was is not None
    assert overruled > 3


def test_a_comment_fits_and_holds_any_text() -> None:
    """However many findings: under GitHub's limit, the rest counted; no text of a server is markup there."""
    hostile = "<img src=x> @everyone | [x](http://evil) `code` <!-- \n# heading"
    text = markdown(report(*(violation(number, hostile * 5) for number in range(400))))
    assert len(text) < MAX_LENGTH + 2_000
    assert "more are in the full report" in text
    assert "<img" not in text
    assert " @everyone" not in text
    assert "[x](" not in text
    assert "\n# heading" not in text
    assert "````sh\ncurl" in text  # a fence longer than the one inside
    table = [line for line in text.splitlines() if line.startswith("| PI101")]
    assert {line.replace("\\|", "").count("|") for line in table} == {7}


def test_annotations_are_one_line_each_and_few() -> None:
    """Line ends and the signs of a workflow command are escaped; at most ten of a level, the rest counted."""
    found = [violation(number, "100% wrong\n::error::forged") for number in range(MAX_ANNOTATIONS + 5)]
    found += [violation(99, severity=Severity.WARNING)]
    lines = list(workflow_commands(report(*found).judgement))
    assert len(lines) == MAX_ANNOTATIONS + 2
    assert lines[0].startswith("::error title=PI101 customers /x0::100%25 wrong%0A::error::forged%0A")
    assert lines[MAX_ANNOTATIONS] == "::notice title=partner-insights::5 more errors"
    assert lines[-1].startswith("::warning title=PI101 customers /x99::")
    assert all("\n" not in line for line in lines)
