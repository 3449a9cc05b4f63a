"""Pages of Microsoft Graph's and Business Central's form: requests in code, keys in parentheses, OData."""

from __future__ import annotations

import json
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.cli import main
from partner_insights.contract.explain import explain
from partner_insights.derive.custom_pages import CustomContract
from partner_insights.derive.howto.operations import described_operations
from partner_insights.derive.howto.page import read_howto_text
from partner_insights.derive.howto.sample_check import check_pages
from partner_insights.errors import InputError
from partner_insights.verify.options import SuiteOptions
from partner_insights.verify.run.suite import run_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent / "odata"
CONTRACT = CustomContract((HERE / "resources",), HERE / "operations.toml")


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with running_fake(*CONTRACT.arguments(), "--auth", "off") as running:
        yield running


def get(fake: RunningFake, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(fake.url + path, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_the_operations_are_read_from_the_pages() -> None:
    """Requests in code blocks, a name for every parameter, the sample's envelope, the options named."""
    result = CliRunner().invoke(main, ["derive", "--operations", str(HERE / "api")])
    assert result.exit_code == 0
    assert result.stdout == (HERE / "operations.toml").read_text(encoding="utf-8")
    document = tomllib.loads(result.stdout)
    read = {entry["path"]: entry for entry in document["operation"]}
    assert {path: entry["resource"] for path, entry in read.items()} == {
        "/boats": "boat",
        "/boats/{boat-id}": "boat",
        "/fleet/boats/{id}/tender": "boat",
        "/harbours({harbours-id})/moorings({moorings-id})": "mooring",
    }
    assert read["/boats"]["envelope"] == "ODataCollection"
    assert list(read["/boats"]["query"]) == ["$top", "$skip", "$count", "$filter", "$select"]
    assert document["envelope"]["ODataCollection"]["rows"] == "value"
    assert len({entry["id"] for entry in document["operation"]}) == 4


def test_what_an_envelope_without_a_table_says_is_explained_by_its_layout() -> None:
    """No page speaks of `value`: that it is a list is assumed, and the explanation says why."""
    said = dict(explain("ODataCollection.value", CONTRACT.read().catalogue)[1][1])
    assert said["type"].startswith('"array"')
    assert said["presence"].startswith("required")
    assert all("(assumed" in each and "layout" in each for each in said.values())


@pytest.mark.parametrize(
    ("request_line", "path"),
    {
        "GET /users/{id | userPrincipalName}": "/users/{id}",
        "GET /users/{user.id}/roles/{role.id}": "/users/{user-id}/roles/{role-id}",
        "GET {baseUrl}/items({id})": "/items({items-id})",
        "GET https://x.example/items/{id}/parts/{id}": "/items/{id}/parts/{parts-id}",
        "GET prefixPrefix/a({b.c})?$top=1 HTTP/1.1": "/a({a-b-c})",
        "get /me": "/me",
    }.items(),
)
def test_a_request_in_code_has_a_path(request_line: str, path: str) -> None:
    """Any notation of braces gives each parameter one name that a path can have."""
    page = read_howto_text(f"# Get it\n\n## HTTP request\n\n```http\n{request_line}\n```\n", "get-it.md")
    assert [route.path for route in page.routes] == [path]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("gauge-resources.md#gauge", True),
        ("resources/gauge.md", False),
        ("../resources/gauge.md", True),
        ("gauge-resources.md", False),
        ("gauge.md#gauge", False),
    ],
)
def test_a_link_to_a_resource_tells_the_answer(target: str, found: bool) -> None:
    """To its heading on a page of resources, or to a page of its own among them; others lead elsewhere."""
    text = f"# Get it\n\n## Response\n\nIt returns a list of [Gauge]({target}) things.\n"
    assert (read_howto_text(text, "get-it.md").answer is not None) is found


@pytest.mark.parametrize(("envelopes", "chosen"), [(("Page", "Book"), "Book"), ((), "Collection")])
def test_the_envelope_that_fits_a_sample_best_is_chosen(envelopes: tuple[str, ...], chosen: str) -> None:
    """That with the properties which the sample has; the plain one where none is known."""
    further = {"Page": ("count",), "Book": ("count", "title")}
    schemas = {
        name: {"properties": {"items": {}, **{key: {} for key in further[name]}}} for name in envelopes
    }
    sample = '{"items": [], "count": 0, "title": "x"}'
    text = (
        "# Get it\n\n## HTTP request\n\n```http\nGET https://h/v1/gauges HTTP/1.1\n```\n\n## Response\n\n"
        f"A [Gauge](gauge-resources.md#gauge).\n\n```json\n{sample}\n```\n"
    )
    (operation,), skipped = described_operations([read_howto_text(text, "get-it.md")], schemas)
    assert (operation.entry["envelope"], skipped) == (chosen, [])


def test_a_fake_is_served_in_that_form(fake: RunningFake) -> None:
    """Rows under `value`, found again by key; keys in parentheses; no relation that is not asked for."""
    status, body = get(fake, "/boats")
    assert (status, set(body)) == (200, {"value", "@odata.count"})
    boat = body["value"][0]
    assert {"id", "name", "state", "kind", "seats"} <= set(boat)
    assert {"tender", "fleet"}.isdisjoint(boat)
    assert get(fake, f"/boats/{boat['id']}") == (200, boat)
    assert get(fake, "/boats/nobody")[0] == 404
    status, mooring = get(fake, "/harbours(h1)/moorings(m1)")
    assert (status, mooring["side"] in (" ", "Port", "Starboard")) == (200, True)
    assert get(fake, "/harbours(h1)/moorings()")[0] == 404
    assert get(fake, "/boats?$top=none")[0] == 400


def test_options_that_a_page_names_choose_the_rows(fake: RunningFake) -> None:
    """Pages of any size are the whole by their links; filter and selection are what Python says they are."""
    whole = get(fake, "/boats")[1]["value"]
    for top in (1, 2, len(whole), 1000):
        body = get(fake, f"/boats?$top={top}")[1]
        rows = body["value"]
        while "@odata.nextLink" in body:
            assert (len(body["value"]), body["@odata.count"]) == (top, len(whole))
            body = get(fake, body["@odata.nextLink"].removeprefix(fake.url))[1]
            rows += body["value"]
        assert rows == whole
    for statement, keeps in (
        ("kind eq 'barge'", lambda boat: boat["kind"] == "barge"),
        ("kind ne 'barge' and seats gt 8", lambda boat: boat["kind"] != "barge" and boat["seats"] > 8),
        ("builtDateTime lt 2018-01-01T00:00:00Z", lambda boat: boat["builtDateTime"] < "2018"),
        ("state eq null", lambda boat: boat["state"] is None),
        ("state ne null and kind eq 'Barge'", lambda boat: boat["state"] and boat["kind"] == "barge"),
        (f"id eq {whole[1]['id']}", lambda boat: boat == whole[1]),
        (
            "kind in ('Barge', 'nothing') and seats in (2, 4, 8)",
            lambda boat: boat["kind"] == "barge" and boat["seats"] in (2, 4, 8),
        ),
        ("not (kind eq 'barge' or seats gt 8)", lambda boat: boat["kind"] != "barge" and boat["seats"] <= 8),
        (
            "not not seats gt 8 and not kind eq 'barge'",
            lambda boat: boat["seats"] > 8 and boat["kind"] != "barge",
        ),
        (
            f"startswith(name,'{whole[0]['name'][:2]}')",
            lambda boat: boat["name"].lower()[:2] == whole[0]["name"].lower()[:2],
        ),
        (
            f"not endswith(name,'{whole[0]['name'][-2:]}')",
            lambda boat: boat["name"].lower()[-2:] != whole[0]["name"].lower()[-2:],
        ),
        ("contains(name, 'a') or seats le 3", lambda boat: "a" in boat["name"].lower() or boat["seats"] <= 3),
    ):
        found = get(fake, f"/boats?$filter={quote(statement)}&$select=id,kind")[1]
        assert found["value"] == [{"id": each["id"], "kind": each["kind"]} for each in filter(keeps, whole)]
    assert get(fake, "/boats?$orderby=name")[1]["value"] == whole  # the page does not name it


@pytest.mark.parametrize(
    "query",
    [
        *("$top=0", "$top=x", "$skip=-1", "$top=1&$top=2", "$select=hull"),
        *("$filter=((((", "$filter=hull%20eq%201", "$filter=seats%20gt%20null"),
        *(
            "$filter=not",
            "$filter=seats%20in%20()",
            "$filter=seats%20in%20(1",
            "$filter=startswith(seats,'1')",
        ),
    ],
)
def test_an_option_that_means_nothing_is_refused(fake: RunningFake, query: str) -> None:
    """As the page's own parameters are."""
    status, body = get(fake, f"/boats?{query}")
    assert (status, body["code"]) == (400, "3000")


def test_a_fake_of_these_pages_is_judged() -> None:
    """Derived, served and judged by the same pages, nothing is broken and every operation is asked."""
    run = run_suite(
        SuiteOptions(
            page=(str(HERE / "resources"),),
            operations=str(HERE / "operations.toml"),
            max_requests=None,
            seed=3,
        )
    )
    assert run.crashes == []
    assert [str(violation.message) for violation in run.results.violations] == []
    assert set(CONTRACT.read().catalogue.operations) <= run.results.operations
    passed = {test.name for test in run.tests if test.outcome == "passed"}
    assert {
        "test_a_filter_chooses_the_rows_it_names[boat-list]",
        "test_pages_of_any_size_are_the_whole[boat-list]",
        "test_a_query_that_is_none_is_refused[boat-list]",
    } <= passed


def test_samples_are_taken_out_of_their_envelope() -> None:
    """`check --page` holds what stands under `value` against the table of its `@odata.type`."""
    checked = check_pages([HERE / "api", HERE / "resources"])
    assert checked.samples == 1
    assert ("boat", "seats", "type") in {
        (each.resource, each.name, each.kind) for each in checked.disagreements
    }


@pytest.mark.parametrize(
    "layout", ['rows = "value"', 'rows = "value"\ntotal = "n"\nmore = "x"', "rows = 1\ntotal = 2"]
)
def test_an_envelope_that_is_none_is_refused(tmp_path: Path, layout: str) -> None:
    """With the form it should have."""
    path = tmp_path / "operations.toml"
    path.write_text(
        f'[envelope.E]\n{layout}\n[[operation]]\npath = "/boats"\nresource = "boat"\nenvelope = "E"\n'
    )
    with pytest.raises(InputError, match="envelope"):
        CustomContract((HERE / "resources",), path).read()
