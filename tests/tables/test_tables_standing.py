"""Descriptions: whether a property is read-only, deprecated, nullable or required, judged by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from partner_insights.tables.row_facts import read_facts

JUDGED = [
    json.loads(line)
    for line in Path(__file__).with_name("standings.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("fact", ["read_only", "deprecated", "nullable", "required"])
def test_a_word_of_standing_is_about_the_property_only_where_a_sentence_says_so(fact: str) -> None:
    """Of other things ("read-only replica"), on a condition, denied or in the past, it says nothing."""
    judged = [(expected, text) for field, expected, text in JUDGED if field == fact]
    wrong = [(expected, text) for expected, text in judged if getattr(read_facts(text), fact) is not expected]
    assert not wrong
    assert {expected for expected, _ in judged} == {True, False}
