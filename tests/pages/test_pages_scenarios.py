"""How-to pages: their routes become operations, their samples are held against the tables."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partner_insights._data import schemas_dir
from partner_insights.cli import main
from partner_insights.contract import Catalogue
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.derivation import derive, pages_of
from partner_insights.derive.howto.errata_toml import errata_toml
from partner_insights.derive.howto.lenient_json import parse_lenient
from partner_insights.derive.howto.page import read_howto_text
from partner_insights.derive.howto.sample_check import check_pages

HERE = Path(__file__).parent
REFERENCE = HERE.parents[1].parent / "shared" / "reference"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the published pages are not here")
LAW = settings(max_examples=150)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_what_an_answer_holds_is_said_by_prose_and_by_no_table() -> None:
    """A link in a table's cell is not the answer's resource; one in the prose under the table is."""
    table = "| Field | Type |\n|---|---|\n| a | a [Lever](lever-resources.md#lever) |\n"
    page = f"# Get gauges\n\n## Response\n\n{table}"
    said = "\nIf successful, it holds a collection of [Gauge](gauge-resources.md#gauge) resources.\n"
    assert read_howto_text(page, "page.md").answer is None
    read = read_howto_text(page + said, "page.md")
    assert read.answer is not None
    assert (read.answer.text, read.collection) == ("Gauge", True)
    assert read_howto_text(page + "\n```json\n" + said + "```\n", "page.md").answer is None


@LAW
@given(values, st.integers(0, 2))
def test_clean_json_is_read_as_it_is(value: object, indent: int) -> None:
    """What a strict reader takes, the tolerant one reads alike and without a defect."""
    reading = parse_lenient(json.dumps(value, indent=indent or None))
    assert reading.value == value
    assert reading.defects == []


@LAW
@given(st.text(alphabet='{}[]:,"ab1 \n/.<>*', max_size=60) | st.text(max_size=30))
@example("00")
@example("[1, 1٣]")
@example("9" * 5000)
@example("[\xa0]")
@example('{"\\q": "\t"}')
def test_any_text_is_read_to_its_end(text: str) -> None:
    """No text raises or hangs, and what is no JSON never goes without a defect."""
    reading = parse_lenient(text)
    try:
        json.loads(text)
    except ValueError:
        assert reading.defects
    assert all(1 <= defect.line <= text.count("\n") + 1 for defect in reading.defects)


@pytest.mark.parametrize(
    ("text", "codes", "value"),
    [
        ('{"a": 1, // one\n "b": 2}', ["comment"], {"a": 1, "b": 2}),
        ('{"a": [1, ...]}', ["ellipsis", "comma"], {"a": [1]}),
        ('{"a": <guid>, "b": 2}', ["placeholder"], {"b": 2}),
        ('{"a": 1,}', ["comma"], {"a": 1}),
        ('{"a": 1 "b": 2}', ["comma"], {"a": 1, "b": 2}),
        ('{"a": [1, 2}', ["bracket"], {"a": [1, 2]}),
        ('{"a": {"b": 1}', ["cut-off"], {"a": {"b": 1}}),
        ('{"a": 1}}', ["bracket"], {"a": 1}),
    ],
)
def test_a_spoilt_sample_is_read_over(text: str, codes: list[str], value: object) -> None:
    """Each way in which published samples are no JSON is named, and the rest is read."""
    reading = parse_lenient(text)
    assert [defect.code for defect in reading.defects] == codes
    assert reading.value == value


def test_every_kind_of_disagreement_is_found_with_its_place() -> None:
    """The page of our own that disagrees in each way is reported in each, with its line, and in no other."""
    checked = check_pages([HERE / "get-orders.md", HERE / "shop-resources.md", HERE / "product-page.md"])
    found = {(each.resource, each.name): each for each in checked.disagreements if each.known is None}
    kinds = {name: each.kind for (resource, name), each in found.items() if resource == "Order"}
    assert kinds == {
        "orderId": "value",
        "customerId": "casing",
        "contactEmail": "spelling",
        "contactPhone": "type",
        "totalPrice": "type",
        "creationDate": "date form",
        "colour": "undocumented",
    }
    assert str(found["Order", "totalPrice"].evidence[0]) == 'get-orders.md:53: "totalPrice": "12.50"'
    assert found["Order", "totalPrice"].change == {"type": "string"}
    assert [(defect.line, defect.code) for defect in checked.defects] == [
        (46, "comment"),
        (59, "ellipsis"),
        (60, "comma"),
        (62, "cut-off"),
    ]


def test_a_sample_that_agrees_is_left_alone(tmp_path: Path) -> None:
    """A page whose sample is as its table says has no disagreement of its own."""
    page = tmp_path / "get-a-product.md"
    inner = {"id": "2", "name": "Set", "infoUri": "https://example.org/2", "parent": {}}
    plain: dict[str, object] = {
        "state": "active",
        "unit": "piece",
        "successor": None,
        "discount": 1.5,
        "pictures": [],
    }
    body = {"id": "1", "name": "Chair", "infoUri": "https://example.org", "parent": inner, **plain}
    page.write_text(
        "# Get a product\n\n## REST response\n\nA [Product](product-page.md#product) resource.\n\n"
        "### Request syntax\n\n| Method | Request URI |\n|---|---|\n| GET | {baseURL}/v1/products/{id} |\n\n"
        f"### Response example\n\n```json\n{json.dumps(body, indent=2)}\n```\n"
    )
    page.write_text(page.read_text().replace("product-page.md#", "product-resources.md#"))
    checked = check_pages([page, HERE / "product-page.md"])
    assert (checked.samples, checked.disagreements, checked.defects) == (1, (), ())


def test_proposed_errata_fit_the_tables_they_are_about(tmp_path: Path) -> None:
    """What is proposed is a file of errata that deriving takes: each expects its cell, and has an effect."""
    pages = [HERE / "get-orders.md", HERE / "shop-resources.md", HERE / "product-page.md"]
    found = [each for each in check_pages(pages).disagreements if each.kind != "missing"]
    own = [each for each in found if each.resource == "Order"]
    file = tmp_path / "errata.toml"
    file.write_text(errata_toml(own))
    errata = read_errata(file)
    schemas = derive(pages_of(pages[1:]), errata.values(), shipped=schemas_dir() / "tables").schemas
    assert (len(errata), len(own)) == (5, 7)  # a strange property and a strange value change no cell
    assert schemas["Order"]["properties"]["totalPrice"]["type"] == "string"
    assert "CustomerId" in schemas["Order"]["properties"]


def test_check_writes_errata_and_tells_new_from_known(tmp_path: Path) -> None:
    """`check --page` prints a valid errata file, reports places aside, and exits 1 for what is new."""
    report = tmp_path / "report.json"
    named = [str(HERE / name) for name in ("get-orders.md", "shop-resources.md", "product-page.md")]
    result = CliRunner().invoke(main, ["check", "--page", *named, "--json", str(report)])
    assert result.exit_code == 1
    assert {entry["title"] for entry in tomllib.loads(result.stdout)["erratum"]} >= {"totalPrice: type"}
    assert "# shop-resources.md:8: Order.colour: " in result.stdout
    assert "get-orders.md:60: the sample is no JSON" in result.stderr
    assert json.loads(report.read_text())["samples"] == 1
    nothing = CliRunner().invoke(main, ["check", "--page", named[1]])
    assert nothing.exit_code == 2


def test_check_wants_a_file_or_a_page() -> None:
    """Without anything to judge, usage is wrong."""
    assert CliRunner().invoke(main, ["check"]).exit_code == 2


def test_routes_are_read_from_a_page(tmp_path: Path) -> None:
    """`derive --operations` writes the page's read, its parameters and tokens, and serves as it stands."""
    out = tmp_path / "ops.toml"
    result = CliRunner().invoke(
        main, ["derive", "--operations", str(HERE / "get-orders.md"), "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    assert "POST is no read" in result.stderr
    (entry,) = tomllib.loads(out.read_text())["operation"]
    assert entry["id"] == "orders"
    assert entry["path"] == "/v1/customers/{customer-id}/orders"
    assert (entry["envelope"], entry["resource"]) == ("Collection", "Order")
    assert entry["auth"] == ["app+user", "app-only"]
    assert entry["query"] == {"size": {"type": "integer"}}
    from partner_insights.derive.custom_pages import CustomContract

    pages = (HERE / "shop-resources.md", HERE / "product-page.md")
    assert "orders" in CustomContract(pages, out).read().catalogue.operations


def test_a_sample_with_its_rows_under_another_name_is_told_of(tmp_path: Path) -> None:
    """The operation is read without an envelope, and a remark names the list that the sample has them in."""
    page = tmp_path / "get-parcels.md"
    page.write_text(
        "# Get parcels\n\n## REST request\n\n### Request syntax\n\n| Method | Request URI |\n|---|---|\n"
        "| **GET** | {baseURL}/v1/parcels HTTP/1.1 |\n\n## REST response\n\n"
        "| Property | Type | Description |\n|---|---|---|\n| parcelId | string | Names it. |\n\n"
        '```http\nHTTP/1.1 200 OK\n\n{"parcels": [{"parcelId": "1"}]}\n```\n'
    )
    result = CliRunner().invoke(main, ["derive", "--operations", str(page)])
    assert result.exit_code == 0, result.output
    (entry,) = tomllib.loads(result.stdout)["operation"]
    assert "envelope" not in entry
    assert "'parcels'" in result.stderr


def test_a_page_without_a_read_makes_no_operation() -> None:
    """A resource page is no scenario: exit code 2, nothing written."""
    result = CliRunner().invoke(main, ["derive", "--operations", str(HERE / "product-page.md")])
    assert result.exit_code == 2
    assert result.stdout == ""


@LAW
@given(
    st.text(max_size=200),
    st.sampled_from(["```json\n{", "| Method | Request URI |\n|---|---|\n| GET |", "# "]),
)
def test_any_text_is_a_page(text: str, part: str) -> None:
    """No text of a page raises."""
    assert read_howto_text(f"{part}{text}", "page.md").page == "page.md"


@needs_reference
def test_the_known_operations_come_out_of_their_pages() -> None:
    """From the published how-to pages, the six operations are read as schemas/operations.toml has them."""
    result = CliRunner().invoke(main, ["derive", "--operations", str(REFERENCE)])
    assert result.exit_code == 0
    read = {entry["id"]: entry for entry in tomllib.loads(result.stdout)["operation"]}
    six = [known for known in Catalogue.load().operations.values() if known.id in read]
    assert len(six) == 6
    for known in six:
        entry = read[known.id]
        assert (entry["method"], entry["path"], entry["resource"]) == (
            known.method,
            known.path,
            known.resource,
        )
        assert (entry.get("envelope"), tuple(entry["auth"])) == (known.envelope, known.auth)
        assert entry["errors"] == [case.case for case in known.errors]
        for name, schema in entry.get("query", {}).items():
            assert schema["type"] == known.query[name]["type"]
    assert read["licenses-usage"]["path"] == "/v1/analytics/commercial/usage/license"
    assert read["licenses-deployment"]["path"] == "/v1/analytics/commercial/deployment/license"
    assert list(read["licenses-usage"]["query"]) == ["top", "skip", "filter", "groupby", "processedDateTime"]


@needs_reference
def test_what_was_found_by_hand_is_found() -> None:
    """E-001, E-002, E-006, E-012 and E-013 come out of the published samples, each with its evidence."""
    checked = check_pages([REFERENCE])
    known = {(each.known, each.name) for each in checked.disagreements if each.known is not None}
    assert ("E-001", "workloadName") in known
    assert {name for erratum, name in known if erratum == "E-002"} == {
        "customerId",
        "serviceCode",
        "workloadCode",
    }
    assert ("E-006", "processedDateTime") in known
    assert {name for erratum, name in known if erratum == "E-012"} == {"Etag", "ObjectType"}
    assert all(each.evidence for each in checked.disagreements)
    usage = "get-licenses-usage-information.md"
    assert {defect.code for defect in checked.defects if defect.page == usage} == {"bracket", "glued"}
    spelling = [each for each in checked.disagreements if each.kind == "spelling"]
    assert [(each.name, dict(each.change)) for each in spelling] == [
        ("licensesActive", {"name": "licenseActive"})
    ]
