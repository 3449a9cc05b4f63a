"""Laws of the gate: what it passes, the judge finds nothing in; the two check the same formats; it is narrow
only where it says so."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from partner_insights.contract import Catalogue, Profile
from partner_insights.contract.formats import ANNOTATIONS, TEXTS, WIDTHS, format_checker
from partner_insights.tables.types import _FORMATS, _WORDS
from partner_insights.verify.gate import Gate, _keywords, compiled
from partner_insights.verify.laws import RULED
from partner_insights.verify.recording import Checker

CATALOGUES = {profile: Catalogue.load(profile) for profile in Profile}
GATES = {profile: Gate(catalogue) for profile, catalogue in CATALOGUES.items()}
COLLECTIONS = [
    "partner-licenses-deployment",
    "partner-licenses-usage",
    "customer-licenses-deployment",
    "customer-licenses-usage",
    "customers",
]

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.sampled_from([2**31, 2**53 + 1, 2**64, -0.0, 1e308, 0.5, 2.43, 2.427, 100.0, 16.430000001]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "",
            "reseller",
            "Reseller",
            "2026-03-10T00:00:00Z",
            "2026-03-10t00:00:00z",
            "2026-03-10T00:00:00",
            "2026-03-10 00:00:00+00:00",
            "2026-03-10T02:00:00+02:00",
            "2026-02-30T00:00:00Z",
            "2026-03-10T23:59:60Z",
            "2026-03-10T24:00:00Z",
            "2126-03-10T00:00:00Z",
            "2026-03-10",
            "4D3CF487-70F4-4E1E-9FF1-B2BFCE8D9F04",
            "4d3cf48770f44e1e9ff1b2bfce8d9f04",
            "{4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04}",
            'a "quoted" \\ name',
            "Café ☕",
        ]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def spoilt_bodies(draw: st.DrawFn, good: Any) -> tuple[str, bytes]:
    """A good answer with a few values, rows, names or counts changed, in any JSON layout."""
    operation = draw(st.sampled_from(COLLECTIONS))
    body = copy.deepcopy(good(operation))
    for _ in range(draw(st.integers(0, 3))):
        rows = body["items"] or [{}]
        row = rows[draw(st.integers(0, len(rows) - 1))]
        names = sorted(row)
        change = draw(st.sampled_from(["value", "drop", "add", "envelope", "row", "type", "twice"]))
        if change == "value" and names:
            row[draw(st.sampled_from(names))] = draw(odd_values)
        elif change == "drop" and names:
            del row[draw(st.sampled_from(names))]
        elif change == "add":
            row[draw(st.sampled_from(["extra", "Channel", "etag"]))] = draw(odd_values)
        elif change == "envelope":
            body[draw(st.sampled_from(["totalCount", "attributes", "extra"]))] = draw(odd_values)
        elif change == "row":
            body["items"].append(copy.deepcopy(row))
            body["totalCount"] = len(body["items"])
        elif change == "type" and isinstance(row.get("attributes"), dict):
            row["attributes"][draw(st.sampled_from(["objectType", "etag", "x"]))] = draw(odd_values)
        elif change == "twice":
            percent = next((name for name in names if name.lower().endswith("percent")), None)
            if percent is not None and isinstance(row[percent], int | float):
                row[percent] = row[percent] / 100
    layout = draw(st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}]))
    text = json.dumps(body, **layout)
    if draw(st.booleans()):
        text = text.replace('"channel":', '"channel": "direct", "channel":', 1)
    return operation, text.encode()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_gate_passes_the_judge_finds_nothing_in(data: st.DataObject, good: Any) -> None:
    """For any answer and any contract: passed means no violation, no observation, the same operation."""
    _, content = data.draw(spoilt_bodies(good))
    profile = data.draw(st.sampled_from(list(Profile)))
    passed = GATES[profile].passes(content)
    if passed is not None:
        found = judged(content, profile)
        assert (found.violations, found.observations, found.operation) == ((), [], passed)


def judged(content: bytes, profile: Profile) -> Any:
    """What the judge alone says."""
    from partner_insights.verify.entries import Entry
    from partner_insights.verify.recording import Checked

    checker = Checker(CATALOGUES[profile], profile)
    checked = Checked("x")
    checker._judge(Entry("x", "", content), checked)
    return checked


percents = st.one_of(
    st.floats(0, 100),
    st.floats(0, 1),
    st.integers(0, 100),
    st.integers(0, 10_000).map(lambda number: number / 100),
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 50), st.integers(0, 50), st.sampled_from([1, 100]), st.integers(0, 5), percents
        ),
        min_size=1,
        max_size=5,
    ),
    exact=st.booleans(),
)
def test_the_gate_knows_percents_as_the_judge_does(rows: Any, exact: bool, good: Any) -> None:
    """For any counts and percents, near their ratio or not, in either scale: passed means unbroken."""
    body = good("customer-licenses-usage")
    first = body["items"][0]
    body["items"] = [
        first
        | {
            "workloadName": f"W{index}",
            "licensesActive": part,
            "licensesQualified": whole,
            "usagePercent": (round(scale * part / whole, digits) if whole else 0) if exact else percent,
        }
        for index, (part, whole, scale, digits, percent) in enumerate(rows)
    ]
    body["totalCount"] = len(rows)
    content = json.dumps(body).encode()
    if GATES[Profile.STRICT].passes(content):
        assert judged(content, Profile.STRICT).violations == ()


@pytest.mark.parametrize("operation", COLLECTIONS)
@pytest.mark.parametrize("scale", [100, 1])
def test_the_gate_passes_what_is_clean(good: Any, operation: str, scale: int) -> None:
    """A gate that passes nothing would be right, and of no use: good answers pass, in either scale."""
    body = good(operation)
    for row in body["items"] if scale == 1 else ():
        for name in row:
            if name in ("usagePercent", "deploymentPercent"):
                row[name] = round(row[name] / 100, 4)
    for layout in ({}, {"indent": 1}, {"separators": (",", ":")}):
        assert GATES[Profile.STRICT].passes(json.dumps(body, **layout).encode()) == operation
    if operation != "customers":
        line = json.dumps(body["items"][0]).encode()
        assert GATES[Profile.STRICT].passes(line, line=True) == operation


def test_the_gate_keeps_every_rule_there_is() -> None:
    """With a rule it does not know, the gate would pass nothing any more; it knows them all."""
    assert {rule.name for rule in CATALOGUES[Profile.STRICT].rules.values()} <= RULED


def test_the_gate_leaves_what_it_is_not_sure_of_to_the_judge(good: Any) -> None:
    """With a pattern, or without the rules it reads its columns from, it does not fail."""
    strict = CATALOGUES[Profile.STRICT]
    name = "PartnerLicensesUsageInsights"
    derived = strict.resources[name]
    channel = derived.schema["properties"]["channel"] | {"pattern": "^r"}
    patterned = {**derived.schema, "properties": {**derived.schema["properties"], "channel": channel}}
    resources = {**strict.resources, name: replace(derived, schema=patterned)}
    content = json.dumps(good("partner-licenses-usage")).encode()
    assert Gate(replace(strict, resources=resources)).passes(content) is None
    assert Gate(replace(strict, rules={})).passes(content) == "partner-licenses-usage"


def test_the_gate_stops_what_is_after_its_moment(good: Any) -> None:
    """A date is held against the moment of judging."""
    content = json.dumps(good("partner-licenses-usage")).encode()
    catalogue = CATALOGUES[Profile.STRICT]
    assert Gate(catalogue, datetime(2026, 3, 11, tzinfo=UTC)).passes(content) is not None
    assert Gate(catalogue, datetime(2026, 3, 9, tzinfo=UTC)).passes(content) is None


@pytest.mark.parametrize(
    "twice", [b'"channel":"x","channel":"reseller"', b'"channel" : 1, "channel":"reseller"']
)
def test_a_name_said_twice_does_not_pass(good: Any, twice: bytes) -> None:
    """PI309 is for the judge: the parser alone would not have noticed."""
    content = orjson.dumps(good("partner-licenses-deployment"))
    spoilt = content.replace(b'"channel":"reseller"', twice)
    assert orjson.loads(spoilt) == orjson.loads(content)
    assert GATES[Profile.CORRECTED].passes(spoilt) is None


FORMATS = {
    form: (compiled(schema), CATALOGUES[Profile.STRICT].validator(schema).is_valid)
    for form in TEXTS
    for schema in [{"type": "string", "format": form}]
}

texts = st.one_of(
    st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.uuids().map(str),
    st.uuids().map(lambda guid: guid.hex),
    st.from_regex(
        r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})?", fullmatch=True
    ),
    st.from_regex(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", fullmatch=True),
    st.text(max_size=40),
)


@settings(max_examples=1500, deadline=None)
@given(form=st.sampled_from(TEXTS), text=texts)
@example(form="date-time", text="2026-03-10T23:59:60Z")
@example(form="date-time", text="2026-03-10T00:00:00+24:00")
@example(form="date-time", text="2026-03-10T00:00:00.+00:00")
@example(form="date-time", text="2026-03-10T00:00:00Z\n")
@example(form="date-time", text="0000-01-01T00:00:00Z")
@example(form="uuid", text="2eb8aa08-aa98-11ea-b4aa73b441d16380")
@example(form="uuid", text="2eb8aa08aa9811eab4aa73b441d16380")
def test_gate_and_judge_check_formats_alike(form: str, text: str) -> None:
    """For any text and any format of texts, the two say the same."""
    gate, judge = FORMATS[form]
    assert judge(text) == gate(text)


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ("date-time", "2026-03-10T00:00:00"),
        ("date-time", "yesterday"),
        ("uuid", "4d3cf487"),
        ("uuid", "x" * 36),
        ("date", "2026-02-30"),
        ("date", "2026-2-3"),
        ("uri", "no uri"),
        ("uri", "/v1/customers"),
    ],
)
def test_neither_skips_a_format(form: str, wrong: str) -> None:
    """A library without its format extra, or with formats off, would accept these in silence."""
    schema = {"type": "string", "format": form}
    assert not compiled(schema)(wrong)
    assert not CATALOGUES[Profile.STRICT].validator(schema).is_valid(wrong)


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize(("form", "bounds"), WIDTHS.items())
def test_the_width_of_an_integer_is_checked(good: Any, kind: str, form: str, bounds: tuple[int, int]) -> None:
    """Both bounds are in and the next numbers out, for judge and gate; so, too, with a bound beside it."""
    lowest, highest = bounds
    for schema in ({"type": kind, "format": form}, {"type": kind, "format": form, "minimum": -5}):
        bottom = schema.get("minimum", lowest)
        gate = Gate(with_column(schema))
        judge = CATALOGUES[Profile.STRICT].validator(schema).is_valid
        for value in (bottom - 1, bottom, 0, highest, highest + 1):
            right = bottom <= value <= highest
            assert judge(value) == right
            assert (gate.passes(wide_body(good, value)) is not None) == right


def with_column(schema: dict[str, Any]) -> Catalogue:
    """The strict contract with one more property of partner rows."""
    strict = CATALOGUES[Profile.STRICT]
    name = "PartnerLicensesUsageInsights"
    derived = strict.resources[name]
    widened = {**derived.schema, "properties": {**derived.schema["properties"], "width": schema}}
    return replace(strict, resources={**strict.resources, name: replace(derived, schema=widened)})


def wide_body(good: Any, value: int) -> bytes:
    body = good("partner-licenses-usage")
    body["items"] = [row | {"width": value} for row in body["items"]]
    return json.dumps(body).encode()


def test_every_format_is_checked_or_an_annotation_on_purpose() -> None:
    """What a Type cell can say, and what the derived schemas say, is known to be one or the other."""
    known = {*TEXTS, *WIDTHS, *ANNOTATIONS}
    read = {each.format for each in _WORDS.values()} | {form for _, form in _FORMATS} - {None}
    derived = {
        value
        for resource in CATALOGUES[Profile.STRICT].resources.values()
        for keyword, value in _keywords(resource.schema)
        if keyword == "format"
    }
    assert read - {None} <= known
    assert derived <= known
    assert set(format_checker().checkers) >= {*TEXTS, *WIDTHS}


@pytest.mark.parametrize("form", ANNOTATIONS)
def test_an_annotation_forbids_no_number(form: str) -> None:
    """Neither the gate nor the judge has anything against a number because of how it should be held."""
    schema = {"type": "number", "format": form}
    for value in (0, -1.5, 1e300, 2**70):
        assert compiled(schema)(value)
        assert CATALOGUES[Profile.STRICT].validator(schema).is_valid(value)
