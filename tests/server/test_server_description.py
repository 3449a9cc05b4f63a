"""The description a fake serves: valid, at its own address, its examples true."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.cli.page_options import read_custom
from partner_insights.contract.openapi import openapi_document
from partner_insights.derive.custom_pages import CustomContract
from partner_insights.server import Settings, create_app
from partner_insights.server.console import views
from partner_insights.world import World
from partner_insights.world.openapi_examples import openapi_with_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from partner_insights.contract import Catalogue

PAGES = Path(__file__).parents[1] / "pages"
SHOP = CustomContract((PAGES / "shop-resources.md", PAGES / "product-page.md"), PAGES / "shop.toml")


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Each operation with its path filled from its examples."""
    for path, item in document["paths"].items():
        for operation in item.values():
            examples = {
                each["name"]: each["example"] for each in operation["parameters"] if each.get("in") == "path"
            }
            yield re.sub(r"\{([^}]+)\}", lambda found: examples[found[1]], path), operation  # noqa: B023


def validate(document: Any) -> None:
    """Against OpenAPI's own schema, by a validator that takes as long to load as all of the package."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    OpenAPIV31SpecValidator(document).validate()


def test_its_examples_are_what_it_answers(
    client: FlaskClient, catalogue: Catalogue, app_user: dict[str, str]
) -> None:
    """Every path example leads to a 200 that begins as the example, which keeps its schema."""
    document = client.get("/openapi.json").json
    validate(document)
    seen = 0
    for path, operation in operations(document):
        (media,) = operation["responses"]["200"]["content"].values()
        answer = client.get(path, headers=app_user).json
        example = media["example"]
        catalogue.validator(catalogue.response_schema(operation["operationId"])).validate(example)
        layout = catalogue.operations[operation["operationId"]].layout
        if (rows := layout.rows_of(example)) is not None:
            assert 0 < len(rows) <= 2
            assert rows == answer[layout.rows][: len(rows)]
        else:
            assert example == answer
        seen += 1
    assert seen == len(catalogue.operations)


def test_it_says_where_it_is_served(make_app: Callable[..., Flask]) -> None:
    """A console that reads the description asks the fake, by the name and scheme it was reached by."""
    client = make_app(allowed_hosts=("fake.test",)).test_client()
    document = client.get("/openapi.json", base_url="https://fake.test:8443").json
    assert [each["url"] for each in document["servers"]] == ["https://fake.test:8443"]


def test_one_is_made_at_a_time(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes megabytes until it is JSON: many that ask at once take no more."""
    now: list[None] = []
    most = 0

    def counted(*arguments: Any) -> dict[str, Any]:
        nonlocal most
        now.append(None)
        most = max(most, len(now))
        time.sleep(0.05)  # long enough for others to come
        now.pop()
        return openapi_with_examples(*arguments)

    monkeypatch.setattr(views, "openapi_with_examples", counted)
    app = make_app()
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: app.test_client().get("/openapi.json").status_code, range(4))
        assert set(answers) == {200}
    assert most == 1


def test_each_failure_has_an_example_of_its_form(client: FlaskClient, catalogue: Catalogue) -> None:
    """By case, in the words of the catalogue, valid by the schema of its status."""
    document = client.get("/openapi.json").json
    for operation in catalogue.operations.values():
        described = document["paths"][operation.path]["get"]["responses"]
        for case in operation.errors:
            examples = described[str(case.status)]["content"]["application/json"]["examples"]
            catalogue.validator(catalogue.error_schema(case)).validate(examples[case.case]["value"])


def test_a_client_may_send_the_defaults(client: FlaskClient, app_user: dict[str, str]) -> None:
    """As clients do that were generated from the description: the answer is that without any."""
    sent = 0
    for path, operation in operations(client.get("/openapi.json").json):
        parameters = [each for each in operation["parameters"] if each.get("in") == "query"]
        defaults = {
            each["name"]: each["schema"]["default"] for each in parameters if "default" in each["schema"]
        }
        answer = client.get(path, query_string=defaults, headers=app_user)
        assert (answer.status_code, answer.json) == (200, client.get(path, headers=app_user).json)
        sent += len(defaults)
    assert sent


def test_it_says_what_each_tag_is(catalogue: Catalogue) -> None:
    """Every tag of an operation, and no other."""
    document = openapi_document(catalogue)
    used = {tag for path in document["paths"].values() for each in path.values() for tag in each["tags"]}
    assert {tag["name"] for tag in document["tags"]} == used


def test_any_pages_are_described_as_well() -> None:
    """A fake of other pages: valid, and every path filled with its examples is found."""
    catalogue = read_custom(SHOP)
    app = create_app(World(catalogue, customers=3), catalogue, Settings(auth="off"))  # type: ignore[arg-type]
    client = app.test_client()
    document = client.get("/openapi.json").json
    validate(document)
    answered = {path: client.get(path).status_code for path, _ in operations(document)}
    assert set(answered.values()) == {200}
    assert len(answered) == len(catalogue.operations)


def test_it_follows_the_world(make_app: Callable[..., Flask]) -> None:
    """Under a scenario with one customer, that customer is the example."""
    client = make_app(scenarios=("one-customer",)).test_client()
    examples = {path for path, _ in operations(client.get("/openapi.json").json)}
    assert len({path.split("/")[3] for path in examples if "/customers/" in path}) == 1


@pytest.mark.parametrize("scenario", ["silent-empty", "outage"])
def test_bad_days_do_not_spoil_it(make_app: Callable[..., Flask], scenario: str) -> None:
    """What the API is, is told on any day."""
    document = make_app(scenarios=(scenario,)).test_client().get("/openapi.json").json
    assert all(operation["responses"]["200"] for _, operation in operations(document))
