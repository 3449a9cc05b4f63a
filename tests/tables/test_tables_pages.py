"""The pages themselves: ours against the published one, and every published page we have."""

from __future__ import annotations

from pathlib import Path

import pytest

from partner_insights.tables import Page, TypeExpression, read_page

CHECKOUT = Path(__file__).resolve().parents[2]
OWN = CHECKOUT / "schemas" / "tables"
SHARED = CHECKOUT.parent / "shared"

published = pytest.mark.skipif(not SHARED.is_dir(), reason="the published pages are not here")


def structure(page: Page) -> list[object]:
    """What two editions of a page must agree on: all but the wording and the lines."""
    return [
        (r.name, r.anchor, [(p.name, p.type, p.facts, p.cells["Type"]) for p in r.properties])
        for r in page.resources
    ]


@published
def test_our_page_says_what_the_published_page_says() -> None:
    """Same resources, properties, order, types, examples and constants; no complaint about either."""
    ours, theirs = (
        read_page(OWN / "analytics-resources.md"),
        read_page(SHARED / "seed" / "analytics-resources.md"),
    )
    assert structure(ours) == structure(theirs)
    assert ours.diagnostics == theirs.diagnostics == ()
    assert [len(r.properties) for r in ours.resources] == [6, 6, 11, 13]


@published
def test_our_descriptions_are_our_own() -> None:
    """No description of the published page is repeated in ours."""
    ours, theirs = (
        read_page(OWN / "analytics-resources.md"),
        read_page(SHARED / "seed" / "analytics-resources.md"),
    )

    def sentences(page: Page) -> set[str]:
        cells = {p.cells["Description"] for r in page.resources for p in r.properties}
        return cells | {r.description for r in page.resources} | {page.metadata["description"]}

    assert sentences(ours).isdisjoint(sentences(theirs))


@pytest.mark.parametrize("path", sorted(OWN.glob("*.md")), ids=lambda path: path.name)
def test_our_pages_are_without_fault(path: Path) -> None:
    """Nothing in our own pages gives a diagnostic, and every property has a type and a description."""
    page = read_page(path)
    assert page.diagnostics == ()
    assert page.resources
    for resource in page.resources:
        assert resource.description
        for row in resource.properties:
            assert row.type is not None
            assert row.cells["Description"]


def test_a_property_knows_its_line_and_cells() -> None:
    """Line and cells of a property are those of the file."""
    path = OWN / "analytics-resources.md"
    lines = path.read_text(encoding="utf-8").splitlines()
    usage = {r.name: r for r in read_page(path).resources}["CustomerLicensesUsageInsights"]
    assert lines[usage.line - 1] == "## CustomerLicensesUsageInsights"
    for row in usage.properties:
        written = [cell.strip() for cell in lines[row.line - 1].strip("|").split("|")]
        if row.name == "attributes":
            assert written[1] == f"[{row.cells['Type']}](utility-resources.md#resourceattributes)"
            written[1] = row.cells["Type"]
        assert list(row.cells.values()) == written
    workload = {p.name: p for p in usage.properties}["workloadName"]
    assert workload.type == TypeExpression("scalar", "number")
    assert workload.facts.examples == ("Exchange",)


@published
@pytest.mark.parametrize(
    "path", sorted((SHARED / "reference" / "resource-pages").glob("*.md")), ids=lambda p: p.name
)
def test_a_published_resource_page_is_read_whole(path: Path) -> None:
    """Every property table of a resource page becomes a resource, without an error, and nothing else does."""
    page = read_page(path)
    assert page.errors == ()
    lines = path.read_text(encoding="utf-8").splitlines()
    headers = [line.replace(" ", "").casefold() == "|property|type|description|" for line in lines]
    assert len(page.resources) == sum(headers)
    rows = sum(1 for line in lines if line.startswith("|") and line.count("|") >= 3)
    enumerations = {"product-resources.md": 7, "transfer-entity-resources.md": 14}
    properties = sum(len(resource.properties) for resource in page.resources)
    assert properties == rows - 2 * len(page.resources) - enumerations.get(path.name, 0)


@published
@pytest.mark.parametrize("path", sorted((SHARED / "reference").glob("*.md")), ids=lambda path: path.name)
def test_a_published_scenario_page_has_no_resource_but_its_response(path: Path) -> None:
    """Tables of parameters, headers, routes and comparisons become none; the response's fields do."""
    page = read_page(path)
    own = {
        "get-licenses-deployment-information.md": ["LicensesDeploymentInformation"],
        "get-licenses-usage-information.md": ["LicensesUsageInformation"],
    }.get(path.name, [])
    assert [resource.name for resource in page.resources] == own
    assert [d.code for d in page.errors] == ([] if own else ["no-resource-table"])
