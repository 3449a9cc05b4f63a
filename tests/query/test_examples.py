"""Worked examples of queries over HTTP, on rows written down: ours, and the shared ones where they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import pytest
import urllib3

from partner_insights.contract import Catalogue
from partner_insights.contract.query.next_link import NextLink
from partner_insights.server import Settings, create_app
from partner_insights.server.settings import AuthMode, ErrorDialect, QueryReading, ValueCase
from query.rows_world import RowsWorld, by_resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask.testing import FlaskClient

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "successors"
CATALOGUE = Catalogue.load()
SPELLINGS = ("/v1{}", "/v1{}/", "/partner/v1{}", "/partner/v1{}/")


def client_of(rows: Mapping[str, Any], reading: QueryReading | None = None) -> FlaskClient:
    world = RowsWorld(CATALOGUE, customers=1, given=by_resource(rows))
    settings = Settings(auth=AuthMode.OFF, reading=reading or QueryReading())
    return create_app(world, CATALOGUE, settings).test_client()


def path_of(kind: str) -> str:
    return f"/analytics/commercial/{kind}/license"


# ── Ours ───────────────────────────────────────────────────────────────────────────────────────────


def row(day: int, service: str, channel: str, customer: int, product: str, *counts: int) -> dict[str, Any]:
    return {
        "processedDateTime": f"2026-10-{day:02}T00:00:00",
        "serviceCode": service,
        "serviceName": service.upper(),
        "channel": channel,
        "customerTenantId": f"AB{customer:06}-0000-4000-8000-000000000000",
        "customerName": ("Ida's Bakery", "Rope (and) Sons", "PLAIN")[customer],
        "productId": f"CD{len(product):06}-0000-4000-8000-000000000000",
        "productName": product,
        "licensesDeployed": counts[0],
        "licensesSold": counts[1],
    }


ROWS = [
    row(5, "o365", "reseller", 0, "Mail", 7, 9),
    row(5, "o365", "direct", 1, "Mail", 2, 4),
    row(5, "crm", "reseller", 1, "Sales", 0, 3),
    row(5, "crm", "direct", 2, "Sales", 5, 5),
    row(4, "o365", "reseller", 0, "Mail", 6, 9),
]
CASES: list[tuple[str, list[int]]] = [
    ("", [0, 1, 2, 3]),
    ("filter=channel eq 'DIRECT'", [1, 3]),
    ("filter=serviceCode eq 'crm' or serviceCode eq 'o365' and channel eq 'direct'", [1, 2, 3]),
    ("filter=(serviceCode eq 'crm' or serviceCode eq 'o365') and channel eq 'direct'", [1, 3]),
    ("filter=customerName eq 'Ida''s Bakery'", [0]),
    ("filter=customerName eq 'rope (AND) sons'", [1, 2]),
    ("filter=productName ne 'mail'&top=1&skip=1", [3]),
    ("processedDateTime=2026-10-04", [4]),
    ("processedDateTime=2026-10-04T00:00:00Z", [4]),
    ("processedDateTime=2026-10-03", []),
]
REFUSED = (
    "filter=", "filter=channel", "filter=channel eq", "filter=channel is 'x'", "filter=channel eq x",
    "filter=(channel eq 'x'", "filter=channel eq 'x')", "filter=licensesSold eq '9'", "filter=channel EQ 'x'",
    "groupby=", "groupby=channel,,", "groupby=channel,channel", "groupby=licensesSold", "top=0", "top=10001",
    "top=-1", "top=1e2", "skip=-1", "processedDateTime=today", "top=1&top=2", "top=",
)  # fmt: skip


@pytest.fixture(scope="module")
def ours() -> FlaskClient:
    return client_of({"deployment": ROWS, "usage": []})


@pytest.mark.parametrize(("query", "expected"), CASES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_query_has_its_rows_in_every_spelling(
    ours: FlaskClient, query: str, expected: list[int], spelling: str
) -> None:
    """Each example is answered with exactly its rows, and HEAD with the headers of that."""
    path = spelling.format(path_of("deployment"))
    answer = ours.get(path, query_string=query)
    assert answer.get_json()["Value"] == [ROWS[place] for place in expected]
    head = ours.head(path, query_string=query)
    assert (head.status_code, head.content_length) == (200, answer.content_length)


@pytest.mark.parametrize("query", REFUSED)
def test_what_no_page_allows_is_refused(ours: FlaskClient, query: str) -> None:
    """The refusal is of the analytics service, and says why."""
    answer = ours.get(f"/v1{path_of('deployment')}", query_string=query)
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (400, "BadRequest")
    assert len(body["innererror"]["data"]) == 1


def test_groups_are_sums_of_what_the_filter_leaves(ours: FlaskClient) -> None:
    """The fields in the order they were named, then the measures as numbers."""
    answer = ours.get(f"/v1{path_of('deployment')}?groupby=channel, serviceCode&filter=productName eq 'Mail'")
    body = answer.get_json()
    assert [tuple(each.values()) for each in body["Value"]] == [
        ("reseller", "o365", 7, 9),
        ("direct", "o365", 2, 4),
    ]
    assert list(body["Value"][0]) == ["channel", "serviceCode", "licensesDeployed", "licensesSold"]


@pytest.mark.parametrize("form", list(NextLink))
def test_pages_are_the_whole_by_every_form_of_link(form: NextLink) -> None:
    """A client that resolves the link against the address it asked reads each row once."""
    client = client_of({"deployment": ROWS, "usage": []}, QueryReading(next_link=form))
    chosen = quote("customerName ne 'A & B + 100% C'")
    begins = {"relative": "license?", "path": "/partner/", "absolute": "http"}[form]
    url = f"http://localhost/partner/v1{path_of('deployment')}?top=1&filter={chosen}"
    seen = []
    for _ in range(10):
        parts = urlsplit(url)
        body = client.get(parts.path, query_string=parts.query).get_json()
        seen += body["Value"]
        if body["@nextLink"] is None:
            break
        assert body["@nextLink"].startswith(begins)
        url = urljoin(url, body["@nextLink"])
    assert seen == ROWS[:4]


def test_the_other_readings() -> None:
    """`--error-dialect partner-center` answers code 3000, `--value-case exact` takes them as they are."""
    reading = QueryReading(error_dialect=ErrorDialect.PARTNER_CENTER, value_case=ValueCase.EXACT)
    client = client_of({"deployment": ROWS, "usage": []}, reading)
    refused = client.get(f"/v1{path_of('deployment')}?top=0").get_json()
    assert (refused["code"], refused["data"]) == ("3000", ["top is out of range"])
    assert client.get(f"/v1{path_of('deployment')}?filter=channel eq 'Direct'").get_json()["TotalCount"] == 0


# ── The shared ones ────────────────────────────────────────────────────────────────────────────────

EXAMPLES = json.loads((SHARED / "examples.json").read_text(encoding="utf-8")) if SHARED.is_dir() else []


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The shared rows behind the program's own server."""
    tests = Path(__file__).resolve().parents[1]
    with subprocess.Popen(
        [sys.executable, "-m", "query.serve_rows", str(SHARED / "rows.json")],
        cwd=tests, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.mark.skipif(not EXAMPLES, reason="the shared examples are not here")
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_worked_examples(served: str, spelling: str) -> None:
    """Over HTTP: status, rows or groups, total and next link, or why it is refused; HEAD has its headers."""
    listed = [
        each for some in json.loads((SHARED / "rows.json").read_text("utf-8")).values() for each in some
    ]
    keys = {each["key"]: {name: value for name, value in each.items() if name != "key"} for each in listed}
    with urllib3.PoolManager() as http:
        for example in EXAMPLES:
            url = f"{served}{spelling.format(path_of(example['data']))}?{urlencode(example['query'])}"
            answer, head = http.request("GET", url), http.request("HEAD", url)
            length = answer.headers["Content-Length"]
            assert (head.status, head.headers["Content-Length"], head.data) == (answer.status, length, b"")
            body = answer.json()
            assert answer.status == example["status"], example
            if example["status"] == 400:
                assert body["innererror"]["data"] == [example["reason"]], example
                continue
            rows = example.get("groups") or [keys[key] for key in example.get("rows", ())]
            link = dict(parse_qsl(urlsplit(body["@nextLink"] or "").query)).get("skip")
            assert (body["Value"], body["TotalCount"]) == (rows, example["TotalCount"]), example
            assert link == (None if example["nextSkip"] is None else str(example["nextSkip"])), example
