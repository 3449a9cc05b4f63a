"""A finished run → JUnit XML: one test case a test, its violations as the failure's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.report.report import Report
    from partner_insights.verify.run.suite import TestResult

SUITE = "partner-insights verify"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit(report: Report) -> str:
    """The report; violations that only warn are in the suite's system-out."""
    judgement, tests = report.judgement, report.tests
    outcomes = [test.outcome for test in tests]
    suite = ElementTree.Element(
        "testsuite",
        name=SUITE,
        tests=str(len(tests)),
        failures=str(outcomes.count("failed")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
        time=f"{sum(test.seconds for test in tests):.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("verdict", "profile", "target", "requests"):
        ElementTree.SubElement(properties, "property", name=name, value=_text(str(judgement.to_json()[name])))
    for name, number in (("errors", report.errors), ("warnings", report.warnings)):
        ElementTree.SubElement(properties, "property", name=f"findings.{name}", value=str(number))
    if judgement.stopped is not None:
        ElementTree.SubElement(properties, "property", name="stopped", value=_text(judgement.stopped))
    for test in tests:
        suite.append(_case(test))
    output = ElementTree.SubElement(suite, "system-out")
    output.text = _text("\n".join(_line(violation) for violation in judgement.violations))
    root = ElementTree.Element("testsuites", name=SUITE)
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(test: TestResult) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname="contract_tests", name=_text(test.name), time=f"{test.seconds:.3f}"
    )
    kind = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(test.outcome)
    if kind is not None:
        first = test.message.partition("\n")[0]
        element = ElementTree.SubElement(case, kind, message=_text(first))
        element.text = _text(test.message)
    return case


def _line(violation: Violation) -> str:
    operation, pointer = violation.operation or "-", violation.pointer or "-"
    return f"{violation.severity.value} {violation.code} {operation} {pointer} {violation.message}"


def _text(text: str) -> str:
    return _NOT_XML.sub("�", text)
