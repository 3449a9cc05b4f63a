"""Laws of the path: what it passes, the judge finds nothing in; the two check the same formats; it is narrow
only where it says so."""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from partner_insights.contract import Catalogue, Profile
from partner_insights.contract.compiled_schemas import compiled, keywords
from partner_insights.contract.formats import ANNOTATIONS, GUID, LOCAL_TIME, TEXTS, WIDTHS, format_checker
from partner_insights.errors import InputError
from partner_insights.tables.dialect import BASE, named_dialect
from partner_insights.tables.types import _FORMATS
from partner_insights.verify.judge import rule_registry
from partner_insights.verify.judge.damaged_names import folded
from partner_insights.verify.judge.fast_checks import _Distinct
from partner_insights.verify.judge.rule_registry import RULES
from partner_insights.verify.recordings import files as recording_entries
from partner_insights.verify.recordings.check import RecordingChecker
from partner_insights.verify.recordings.entry import RecordedResponse, objects_in
from partner_insights.verify.recordings.fast_decoder import are_guids
from partner_insights.verify.recordings.fast_path import MANY_ROWS, MAX_LAYOUTS, FastPath
from partner_insights.verify.recordings.file_result import FileResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from partner_insights.verify.judge.violation import ViolationKey

CATALOGUES = {profile: Catalogue.load(profile) for profile in Profile}
FAST_PATHS = {profile: FastPath(catalogue) for profile, catalogue in CATALOGUES.items()}
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


LINKS = ["", "/v1", "/v1.0", "http://127.0.0.1:8010/v1", "//localhost"]
"""What a link may have before the resource: nothing in the samples."""


CHANGES = ["value", "drop", "add", "each", "envelope", "row", "type", "twice", "link"]


@st.composite
def changed_bodies(draw: st.DrawFn, good: Any) -> tuple[str, bytes]:
    """A good answer with a few values, rows, names or counts changed, in any JSON layout."""
    operation = draw(st.sampled_from(COLLECTIONS))
    body = copy.deepcopy(good(operation))
    for _ in range(draw(st.integers(0, 3))):
        rows = body["items"] or [{}]
        row = rows[draw(st.integers(0, len(rows) - 1))]
        names = sorted(row)
        change = draw(
            st.sampled_from(["value", "drop", "add", "each", "envelope", "row", "type", "twice", "link"])
        )
        if change == "value" and names:
            row[draw(st.sampled_from(names))] = draw(odd_values)
        elif change == "drop" and names:
            del row[draw(st.sampled_from(names))]
        elif change == "add":
            row[draw(st.sampled_from(["extra", "Channel", "etag"]))] = draw(odd_values)
        elif change == "each":
            for each in rows:
                each["etag"] = "a"
        elif change == "envelope":
            body[draw(st.sampled_from(["totalCount", "attributes", "extra"]))] = draw(odd_values)
        elif change == "row":
            body["items"].append(copy.deepcopy(row))
            body["totalCount"] = len(body["items"])
        elif change == "type" and isinstance(row.get("attributes"), dict):
            row["attributes"][draw(st.sampled_from(["objectType", "etag", "x"]))] = draw(odd_values)
        elif change == "link" and "links" in body:
            body["links"]["self"]["uri"] = draw(st.sampled_from(LINKS)) + "/customers?size=1"
        elif change == "twice":
            percent = next((name for name in names if name.lower().endswith("percent")), None)
            if percent is not None and isinstance(row[percent], int | float):
                row[percent] = row[percent] / 100
    layout = draw(st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}]))
    text = json.dumps(body, **layout)
    if draw(st.booleans()):
        text = text.replace('"channel":', '"channel": "direct", "channel":', 1)
    return operation, text.encode()


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_the_fast_path_passes_the_judge_finds_nothing_in(data: st.DataObject, good: Any) -> None:
    """For any answer and any contract: passed means no violation, no observation, the same operation."""
    _, content = data.draw(changed_bodies(good))
    profile = data.draw(st.sampled_from(list(Profile)))
    path = data.draw(st.sampled_from([FAST_PATHS[profile], warmed(good, profile)]))
    passed = path.valid_operation(content)
    if passed is not None:
        found = judged(content, profile)
        assert (found.violations, found.observations, found.operation) == ((), [], passed)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_valid_but_for_undocumented_properties_breaks_nothing(data: st.DataObject, good: Any) -> None:
    """For any answer: nothing else is observed of it, and nothing new of another one that passes after it."""
    seen: list[ViolationKey] = []
    path = warmed(good, Profile.STRICT)
    path.forget()
    _, first = data.draw(changed_bodies(good))
    _, second = data.draw(changed_bodies(good))
    passed = path.valid_operation(first, documented=False)
    for content, by_layout in ((first, passed), (second, path.valid_operation(second))):
        if by_layout is not None:
            found = judged(content, Profile.STRICT)
            assert (found.violations, found.operation) == ((), by_layout)
            assert {each.kind for each in found.observations} <= {"undocumented-property"}
            assert content == first or {each.key for each in found.observations} <= set(seen)
            seen += [each.key for each in found.observations]
    path.forget()
    passed = path.valid_operation(first)
    assert passed is None or judged(first, Profile.STRICT).observations == []


def test_undocumented_layouts_push_none_out_for_good(good: Any) -> None:
    """After a file with many of them, a documented layout is known again once it is seen."""
    path, row = FastPath(CATALOGUES[Profile.STRICT]), good("customer-licenses-usage")["items"][0]
    content = json.dumps(row).encode()
    assert path.valid_operation(content, line=True) is not None
    for number in range(MAX_LAYOUTS + 1):
        odd = json.dumps(row | {f"further{number}": 1}).encode()
        assert path.valid_operation(odd, line=True, documented=False) is not None
    path.forget()
    assert path.valid_operation(content, line=True) is not None
    assert path.split([content, content]) == ({"customer-licenses-usage": 2}, [])


def test_each_file_tells_of_its_undocumented_properties(good: Any, tmp_path: Path) -> None:
    """What was observed in one recording is observed in the next, once in each."""
    row = json.dumps(good("customer-licenses-usage")["items"][0] | {"etag": "a"})
    checker = RecordingChecker(CATALOGUES[Profile.STRICT], Profile.STRICT)
    for name in ("first.ndjson", "second.ndjson"):
        (tmp_path / name).write_text(f"{row}\n" * 3)
        checked = checker.check(tmp_path / name)
        assert (checked.judged, checked.violations) == (3, ())
        assert [each.pointer for each in checked.observations] == ["/etag"]


def judged(content: bytes, profile: Profile, *, line: bool = False) -> Any:
    """What the judge alone says."""
    checker = RecordingChecker(CATALOGUES[profile], profile)
    checked = FileResult("x")
    checker._judge(RecordedResponse("x", "", content, line=line), checked)
    return checked


WARMED: dict[Profile, FastPath] = {}


def warmed(good: Any, profile: Profile) -> FastPath:
    """A path that knows the forms of good answers and rows."""
    if profile in WARMED:
        return WARMED[profile]
    path = WARMED[profile] = FastPath(CATALOGUES[profile])
    for operation in COLLECTIONS:
        body = good(operation)
        for value in (body, body["items"][0]):
            path.valid_operation(json.dumps(value).encode(), line=True)
    return path


@st.composite
def lines(draw: st.DrawFn, good: Any) -> list[bytes]:
    """Answers and rows, good and changed, some run together on a line and some broken over two."""
    found: list[bytes] = []
    for _ in range(draw(st.integers(1, 4))):
        _, content = draw(changed_bodies(good)) if draw(st.booleans()) else (None, None)
        content = content or json.dumps(good(draw(st.sampled_from(COLLECTIONS[:4])))).encode()
        content = content.replace(b"\n", b" ")
        if draw(st.booleans()):
            content = json.dumps(json.loads(content)["items"][0]).encode()
        manner = draw(st.sampled_from(["whole", "whole", "whole", "broken", "together", "bare"]))
        if manner == "broken":
            cut = draw(st.integers(1, len(content) - 1))
            found += [part for part in (content[:cut].strip(), content[cut:].strip()) if part]
        elif manner == "bare":
            found.append(draw(st.sampled_from([b"{}", b"[]", b"0", b"}", b"{", b'"x"'])))
        else:
            found.append(content * 2 if manner == "together" else content)
    return found


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_lines_that_pass_together_would_pass_the_judge_one_by_one(data: st.DataObject, good: Any) -> None:
    """For any lines: each that is not left to be looked at is clean, of the operation it is counted to."""
    drawn = data.draw(lines(good))
    passed, left = warmed(good, Profile.STRICT).split(drawn)
    assert sorted(left) == left
    others = [line for place, line in enumerate(drawn) if place not in left]
    results = [judged(line, Profile.STRICT, line=True) for line in others]
    assert [(each.violations, each.observations) for each in results] == [((), [])] * len(others)
    assert Counter(each.operation for each in results) == passed


def change_row(**changed: Any) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body["items"][1] |= changed

    return change


def change_body(**changed: Any) -> Callable[[Any], None]:
    return lambda body: body.update(changed)


@pytest.mark.parametrize("start", LINKS)
def test_only_links_as_in_the_samples_pass(good: Any, start: str) -> None:
    """What the judge observes of other forms is said of recordings, too."""
    path, body = warmed(good, Profile.STRICT), good("customers")
    body["links"]["self"]["uri"] = f"{start}/customers?size=1"
    changed = json.dumps(body).encode()
    assert path.valid_operation(changed) == ("customers" if start == "" else None)
    assert [each.kind for each in judged(changed, Profile.STRICT).observations] == ["link-form"] * bool(start)


@pytest.mark.parametrize(
    "change",
    [
        change_body(totalCount=3),
        change_body(totalCount=-1),
        change_body(totalCount=2.5),
        change_body(totalCount="2"),
        change_body(attributes={"objectType": "collection"}),
        change_body(attributes={"objectType": "Collection", "extra": 1}),
        change_body(extra=1),
        change_row(extra=1),
        change_row(customerId="x" * 36),
        change_row(customerId="4d3cf48770f44e1e9ff1b2bfce8d9f04"),
        change_row(customerName=None),
        change_row(licensesActive=-1),
        change_row(licensesActive=1.5),
        change_row(licensesActive=True),
        change_row(licensesActive=10**6),
        change_row(usagePercent=101),
        change_row(usagePercent=0.5),
        change_row(attributes={"objectType": "CustomerLicensesDeploymentInsights"}),
        change_row(attributes={}),
        change_row(processedDateTime="2026-03-10T00:00:00"),
        change_row(processedDateTime="2026-03-10T01:00:00+01:00"),
        change_row(processedDateTime="2126-03-10T00:00:00+00:00"),
        change_row(processedDateTime="2026-03-09T00:00:00+00:00"),
        lambda body: body["items"].append(body["items"][0]) or body.update(totalCount=3),
        lambda body: body["items"][1].pop("channel"),
        lambda body: body["items"].clear() or body.update(totalCount=0),
    ],
)
def test_nothing_wrong_comes_through_a_known_form(good: Any, change: Callable[[Any], None]) -> None:
    """A single fault in one row, or in the body around it, stops an answer, alone and among others."""
    body = good("customer-licenses-usage")
    content = json.dumps(body).encode()
    change(body)
    changed = json.dumps(body).encode()
    path = warmed(good, Profile.STRICT)
    assert path.valid_operation(content) is not None
    assert path.valid_operation(changed) is None
    assert 1 in path.split([content, changed])[1]
    assert 0 in path.split([changed, content])[1]


@pytest.mark.parametrize("where", [b', "items"', b'"totalCount"', b"}, {", b'"channel"', b"]"])
def test_a_line_holds_one_answer_and_not_a_part_of_one(good: Any, where: bytes) -> None:
    """An answer broken over two lines does not pass, not even where another line holds two."""
    content = json.dumps(good("partner-licenses-usage")).encode()
    cut = content.index(where) + len(where) // 3
    broken = [content[:cut].strip(), content[cut:].strip()]
    path = warmed(good, Profile.STRICT)
    assert path.split([content, content]) == ({"partner-licenses-usage": 2}, [])
    for drawn in ([*broken, content * 2], [content * 2, *broken], [*broken, content]):
        assert path.split(drawn) == ({}, list(range(len(drawn))))


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_how_many_lines_are_looked_at_together_makes_no_difference(
    data: st.DataObject, good: Any, tmp_path: Path
) -> None:
    """A recording comes to the same, in the same order, line by line or all at once, by the judge alone."""
    path = tmp_path / "recording.ndjson"
    path.write_bytes(b"\r\n\n".join(data.draw(lines(good)) * 2))
    results = []
    for size, judge_alone in ((1, False), (2000, False), (2**16, False), (1, True)):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(recording_entries, "BLOCK_BYTES", size)
            if judge_alone:
                patched.setattr(
                    FastPath, "split", lambda _, lines, **__: (Counter(), list(range(len(lines))))
                )
                patched.setattr(FastPath, "whole", lambda *_: {})
                patched.setattr(FastPath, "valid_operation", lambda *_, **__: None)
            checker = RecordingChecker(CATALOGUES[Profile.CORRECTED], Profile.CORRECTED)
            try:
                checked = checker.check(path)
            except InputError as error:
                results.append(str(error))
            else:
                results.append(
                    (
                        *(checked.judged, checked.subject, checked.observations),
                        # Not their messages, which may tell the time.
                        [(each.code, each.pointer, each.request.entry) for each in checked.violations],
                        [str(each) for each in checked.refusals],
                    )
                )
    assert all(each == results[0] for each in results[1:])


@pytest.mark.parametrize("operation", COLLECTIONS[:4])
@pytest.mark.parametrize("left_out", [(), ("customerId",), ("customerId", "serviceCode", "workloadCode")])
def test_a_layout_that_was_seen_needs_no_validator(
    good: Any, monkeypatch: pytest.MonkeyPatch, operation: str, left_out: tuple[str, ...]
) -> None:
    """Whatever optional properties answers leave out, all but the first are parsed and judged in one go."""
    body = good(operation)
    body["items"] = [
        {name: value for name, value in row.items() if name not in left_out} for row in body["items"]
    ]
    content = json.dumps(body).encode()
    row = json.dumps(body["items"][0]).encode()
    path = FastPath(CATALOGUES[Profile.STRICT])
    assert (path.valid_operation(content), path.valid_operation(row, line=True)) == (operation, operation)
    monkeypatch.setattr(path, "_by_schema", lambda *_: pytest.fail("it was seen before"))
    assert (path.valid_operation(content), path.valid_operation(row, line=True)) == (operation, operation)
    assert path.split([content] * 3) == ({operation: 3}, [])
    assert path.split([row, content, row]) == ({operation: 3}, []) or path.split([row, content])[1] == [0, 1]


def test_a_large_body_shows_its_form_by_its_first_row(good: Any) -> None:
    """A body of many rows passes at first sight, and not with a fault in its last."""
    body = good("customer-licenses-usage")
    first = body["items"][0]
    body["items"] = [first | {"workloadName": f"W{number}"} for number in range(MANY_ROWS + 1)]
    body["totalCount"] = len(body["items"])
    path = FastPath(CATALOGUES[Profile.STRICT])
    assert path.valid_operation(json.dumps(body).encode()) == "customer-licenses-usage"
    assert len(path._seen) == 1
    for fault in ({"licensesActive": -1}, {"workloadName": "W0"}, {"extra": 1}):
        changed = body | {"items": [*body["items"][:-1], body["items"][-1] | fault]}
        for known in (path, FastPath(CATALOGUES[Profile.STRICT])):
            assert known.valid_operation(json.dumps(changed).encode()) is None


def test_counts_with_a_point_have_a_form_too(good: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that writes 5.0 is no slower to check; 5.5 does not pass for it."""
    body = good("customer-licenses-usage")
    for row in body["items"]:
        row |= {"licensesActive": 25.0, "licensesQualified": 100.0, "usagePercent": 25.0}
    path = FastPath(CATALOGUES[Profile.STRICT])
    assert path.valid_operation(json.dumps(body).encode()) is not None
    monkeypatch.setattr(path, "_by_schema", lambda *_: None)
    assert path.valid_operation(json.dumps(body).encode()) is not None
    body["items"][0]["licensesActive"] = body["items"][0]["usagePercent"] = 5.5
    assert path.valid_operation(json.dumps(body).encode()) is None


def test_a_recording_with_too_many_forms_is_still_checked(good: Any) -> None:
    """Only so many forms are kept, and only so many are made at all."""
    path = FastPath(CATALOGUES[Profile.STRICT])
    body = good("customer-licenses-usage")
    optional = ("customerId", "serviceCode", "workloadCode")
    for chosen in itertools.chain.from_iterable(itertools.combinations(optional, n) for n in range(4)):
        for operation in ("customer-licenses-usage", "partner-licenses-usage"):
            value = good(operation)
            value["items"] = [{n: v for n, v in row.items() if n not in chosen} for row in value["items"]]
            assert path.valid_operation(json.dumps(value).encode()) == operation
    assert len(path._seen) == MAX_LAYOUTS
    assert path.valid_operation(json.dumps(body).encode()) == "customer-licenses-usage"


percents = st.one_of(
    st.floats(0, 100),
    st.floats(0, 1),
    st.integers(0, 100),
    st.integers(0, 10_000).map(lambda number: number / 100),
)


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
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
def test_the_fast_path_knows_percents_as_the_judge_does(rows: Any, exact: bool, good: Any) -> None:
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
    if FAST_PATHS[Profile.STRICT].valid_operation(content) or warmed(good, Profile.STRICT).valid_operation(
        content
    ):
        assert judged(content, Profile.STRICT).violations == ()


@pytest.mark.parametrize("operation", COLLECTIONS)
@pytest.mark.parametrize("scale", [100, 1])
def test_the_fast_path_passes_what_is_clean(good: Any, operation: str, scale: int) -> None:
    """A path that passes nothing would be right, and of no use: good answers pass, in either scale."""
    body = good(operation)
    for row in body["items"] if scale == 1 else ():
        for name in row:
            if name in ("usagePercent", "deploymentPercent"):
                row[name] = round(row[name] / 100, 4)
    for layout in ({}, {"indent": 1}, {"separators": (",", ":")}):
        assert FAST_PATHS[Profile.STRICT].valid_operation(json.dumps(body, **layout).encode()) == operation
    if operation != "customers":
        line = json.dumps(body["items"][0]).encode()
        assert FAST_PATHS[Profile.STRICT].valid_operation(line, line=True) == operation


@pytest.mark.parametrize("operation", COLLECTIONS)
def test_a_rule_without_a_fast_check_leaves_its_answers_to_the_judge(
    good: Any, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Answers that such a rule is about do not pass, those of other resources still do."""
    strict = CATALOGUES[Profile.STRICT]
    content = json.dumps(good(operation)).encode()
    assert FastPath(strict).valid_operation(content) == operation
    name = "deployed-within-sold"
    monkeypatch.setattr(rule_registry, "RULES", RULES | {name: replace(RULES[name], fast=None)})
    concerned = strict.operations[operation].resource in strict.rules[name].resources
    assert FastPath(strict).valid_operation(content) == (None if concerned else operation)


@given(st.lists(st.lists(st.tuples(*[st.sampled_from(["x", "X ", "y", None])] * 3), min_size=1), max_size=6))
def test_rows_that_pass_as_different_differ_whatever_was_seen_before(
    answers: list[list[tuple[str | None, ...]]],
) -> None:
    """By more than case and blanks; and what passes first passes after any other."""
    names = ("a", "b", "c")
    seen = _Distinct(names)
    for answer in answers:
        rows = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in answer]
        passed = seen(rows)
        keys = {tuple(folded(value) if value is not None else None for value in row) for row in answer}
        assert not passed or len(keys) == len(answer)
        assert passed or not _Distinct(names)(rows)


@given(
    st.lists(
        st.tuples(
            st.uuids().map(str),
            st.integers(0, 36),
            st.integers(0, 2),
            st.sampled_from(["", "-", " ", "\n", "_", "g", "F", "\u0661", "\ud800", "{"]),
        ),
        max_size=3,
    )
)
def test_texts_that_pass_together_as_guids_are_guids_each(
    drawn: list[tuple[str, int, int, str]],
) -> None:
    """Whatever stands in place of a digit or a dash; and clean ones pass."""
    texts = {guid[:place] + put + guid[place + lost :] for guid, place, lost, put in drawn}
    assert are_guids(texts) == (bool(texts) and all(map(GUID.fullmatch, texts)))


@given(st.lists(st.sampled_from([b"{", b"}", b"\n", b" ", b"\r", b"1"]), max_size=9).map(b"".join))
@example(b"{}\n{}\n")
def test_lines_of_objects_are_counted_as_they_are_split(content: bytes) -> None:
    """Each from brace to brace, or none counts."""
    lines = content.removesuffix(b"\n").split(b"\n")
    whole = all(len(line) > 0 and line[:1] == b"{" and line[-1:] == b"}" for line in lines)
    assert objects_in(content) == (len(lines) if whole else 0)


def test_the_fast_path_leaves_what_it_is_not_sure_of_to_the_judge(good: Any) -> None:
    """With a pattern, or without the rules it reads its columns from, it does not fail."""
    strict = CATALOGUES[Profile.STRICT]
    name = "PartnerLicensesUsageInsights"
    derived = strict.resources[name]
    channel = derived.schema["properties"]["channel"] | {"pattern": "^r"}
    patterned = {**derived.schema, "properties": {**derived.schema["properties"], "channel": channel}}
    resources = {**strict.resources, name: structs.replace(derived, schema=patterned)}
    content = json.dumps(good("partner-licenses-usage")).encode()
    assert FastPath(structs.replace(strict, resources=resources)).valid_operation(content) is None
    assert FastPath(structs.replace(strict, rules={})).valid_operation(content) == "partner-licenses-usage"


def test_the_fast_path_stops_what_is_after_its_moment(good: Any) -> None:
    """A date is held against the moment of judging."""
    content = json.dumps(good("partner-licenses-usage")).encode()
    catalogue = CATALOGUES[Profile.STRICT]
    assert FastPath(catalogue, datetime(2026, 3, 11, tzinfo=UTC)).valid_operation(content) is not None
    assert FastPath(catalogue, datetime(2026, 3, 9, tzinfo=UTC)).valid_operation(content) is None


@pytest.mark.parametrize(
    "twice", [b'"channel":"x","channel":"reseller"', b'"channel" : 1, "channel":"reseller"']
)
def test_a_name_said_twice_does_not_pass(good: Any, twice: bytes) -> None:
    """PI309 is for the judge: the parser alone would not have noticed."""
    content = orjson.dumps(good("partner-licenses-deployment"))
    changed = content.replace(b'"channel":"reseller"', twice)
    assert orjson.loads(changed) == orjson.loads(content)
    assert FastPath(CATALOGUES[Profile.CORRECTED]).valid_operation(changed) is None
    path = FastPath(CATALOGUES[Profile.CORRECTED])
    assert path.valid_operation(content) is not None
    assert path.valid_operation(changed) is None
    assert path.split([content, changed]) == ({}, [0, 1])


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


@settings(max_examples=300)
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
    path, judge = FORMATS[form]
    assert judge(text) == path(text)


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
    """Both bounds are in and the next numbers out, for judge and path; so, too, with a bound beside it.

    The lowest of 64 bits is left to the judge: orjson rounds the next number onto it.
    """
    lowest, highest = bounds
    for schema in ({"type": kind, "format": form}, {"type": kind, "format": form, "minimum": -5}):
        bottom = schema.get("minimum", lowest)
        path = FastPath(with_column(schema))
        judge = CATALOGUES[Profile.STRICT].validator(schema).is_valid
        for value in (bottom - 1, bottom, 0, highest, highest + 1):
            right = bottom <= value <= highest
            assert judge(value) == right
            passes = right and value != -(2**63)
            assert (path.valid_operation(wide_body(good, value)) is not None) == passes


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": -(10**20)}, -(10**20) - 1),
        ({"type": "number", "maximum": 2**64}, 2**64 + 1),
        ({"type": "integer", "multipleOf": 2}, 2**64 + 1),
        ({"const": 2**64}, 2**64 + 1),
        ({"enum": [1, -(2**64)]}, -(2**64) - 1),
    ],
)
def test_a_number_that_is_rounded_when_it_is_read_passes_no_bound(
    good: Any, schema: dict[str, Any], value: int
) -> None:
    """What the judge calls invalid is so to the path, although it reads another number."""
    assert not CATALOGUES[Profile.STRICT].validator(schema).is_valid(value)
    assert FastPath(with_column(schema)).valid_operation(wide_body(good, value)) is None


def with_column(schema: dict[str, Any]) -> Catalogue:
    """The strict contract with one more property of partner rows."""
    strict = CATALOGUES[Profile.STRICT]
    name = "PartnerLicensesUsageInsights"
    derived = strict.resources[name]
    widened = {**derived.schema, "properties": {**derived.schema["properties"], "width": schema}}
    return structs.replace(
        strict, resources={**strict.resources, name: structs.replace(derived, schema=widened)}
    )


def wide_body(good: Any, value: int) -> bytes:
    body = good("partner-licenses-usage")
    body["items"] = [row | {"width": value} for row in body["items"]]
    return json.dumps(body).encode()


def test_every_format_is_checked_or_an_annotation_on_purpose() -> None:
    """What a Type cell can say, and what the derived schemas say, is known to be one or the other."""
    known = {*TEXTS, LOCAL_TIME, *WIDTHS, *ANNOTATIONS}
    words = named_dialect(BASE).types
    read = {each.format for each in words.values()} | {form for _, form in _FORMATS}
    derived = {
        value
        for resource in CATALOGUES[Profile.STRICT].resources.values()
        for keyword, value in keywords(resource.schema)
        if keyword == "format"
    }
    assert read - {None} <= known
    assert derived <= known
    assert set(format_checker().checkers) >= {*TEXTS, LOCAL_TIME, *WIDTHS}


@pytest.mark.parametrize("form", ANNOTATIONS)
def test_an_annotation_forbids_no_number(form: str) -> None:
    """Neither the path nor the judge has anything against a number because of how it should be held."""
    schema = {"type": "number", "format": form}
    for value in (0, -1.5, 1e300, 2**70):
        assert compiled(schema)(value)
        assert CATALOGUES[Profile.STRICT].validator(schema).is_valid(value)
