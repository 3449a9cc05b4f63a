"""A finished run → JUnit XML: one test case a law, its violations as the failure's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.verify.judge.violation import Violation
    from partner_insights.verify.report.verdict import Judgement
    from partner_insights.verify.run.suite import TestResult

SUITE = "partner-insights verify"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit_xml(judgement: Judgement, laws: Sequence[TestResult]) -> str:
    """The report; violations that only warn are in the suite's system-out."""
    outcomes = [law.outcome for law in laws]
    suite = ElementTree.Element(
        "testsuite",
        name=SUITE,
        tests=str(len(laws)),
        failures=str(outcomes.count("failed")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
        time=f"{sum(law.seconds for law in laws):.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("verdict", "profile", "target", "requests"):
        ElementTree.SubElement(properties, "property", name=name, value=_text(str(judgement.to_json()[name])))
    for law in laws:
        suite.append(_case(law))
    output = ElementTree.SubElement(suite, "system-out")
    output.text = _text("\n".join(_line(violation) for violation in judgement.violations))
    root = ElementTree.Element("testsuites", name=SUITE)
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(law: TestResult) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname="contract_tests", name=_text(law.name), time=f"{law.seconds:.3f}"
    )
    kind = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(law.outcome)
    if kind is not None:
        first = law.message.partition("\n")[0]
        element = ElementTree.SubElement(case, kind, message=_text(first))
        element.text = _text(law.message)
    return case


def _line(violation: Violation) -> str:
    operation, pointer = violation.operation or "-", violation.pointer or "-"
    return f"{violation.severity.value} {violation.code} {operation} {pointer} {violation.message}"


def _text(text: str) -> str:
    return _NOT_XML.sub("�", text)
