"""The description in OpenAPI 3.0: valid, and of the same meaning as in 3.1."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from partner_insights.cli import main
from partner_insights.contract.openapi_30 import openapi_30

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WRONG = (None, 3.5, -1, "x", [], {})
"""Values that most properties refuse, and some take."""


def written(spec: str) -> Any:
    result = CliRunner().invoke(main, ["openapi", "--spec", spec])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture(scope="module")
def documents() -> tuple[Any, Any]:
    return written("3.1"), written("3.0")


def judges(document: Any, newer: bool) -> Callable[[str, Any], bool]:
    """Whether a component takes a value, by the validator of the description's version."""
    from jsonschema import Draft202012Validator
    from openapi_schema_validator import OAS30Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT4, DRAFT202012

    kind = DRAFT202012 if newer else DRAFT4
    registry: Registry[Any] = Registry().with_resource("urn:d", kind.create_resource(document))
    validator: Any = Draft202012Validator if newer else OAS30Validator

    def takes(component: str, value: Any) -> bool:
        reference = {"$ref": f"urn:d#/components/schemas/{component}"}
        return bool(validator(reference, registry=registry).is_valid(value))

    return takes


def changed(value: Any, wrong: Any) -> Iterator[Any]:
    """The value with one property at any depth missing or wrong; of an array, in its first item."""
    if isinstance(value, list) and value:
        yield from ([each, *value[1:]] for each in changed(value[0], wrong))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield {key: each for key, each in value.items() if key != name}
            yield value | {name: wrong}
            yield from (value | {name: each} for each in changed(inner, wrong))


def test_it_is_valid(documents: tuple[Any, Any]) -> None:
    """By another implementation; nothing is lost of what is no schema."""
    from openapi_spec_validator import OpenAPIV30SpecValidator

    newer, older = documents
    assert older["openapi"] == "3.0.3"
    OpenAPIV30SpecValidator(older).validate()
    assert older.keys() == newer.keys()
    assert older["paths"].keys() == newer["paths"].keys()
    assert older["components"].keys() == newer["components"].keys()


@pytest.mark.parametrize("wrong", WRONG)
def test_it_takes_and_refuses_the_same(documents: tuple[Any, Any], wrong: Any) -> None:
    """Each answer's example, and whatever differs from it in one property."""
    newer, older = documents
    by_newer, by_older = judges(newer, newer=True), judges(older, newer=False)
    verdicts = set()
    for item in newer["paths"].values():
        (media,) = item["get"]["responses"]["200"]["content"].values()
        component = media["schema"]["$ref"].rpartition("/")[2]
        for value in (media["example"], *changed(media["example"], wrong)):
            verdict = by_newer(component, value)
            assert by_older(component, value) is verdict, (component, value)
            verdicts.add(verdict)
    assert verdicts == {True, False}


def test_every_keyword_that_differs_is_written_in_the_older_words(documents: tuple[Any, Any]) -> None:
    """Several types, null, constants, examples, bounds, and what stands beside a reference."""
    document = copy.deepcopy(documents[0])
    document["components"]["schemas"] = {
        "Every": {
            "type": ["object", "null"],
            "properties": {
                "type": {"type": ["integer", "string", "null"], "exclusiveMinimum": 5},
                "const": {"const": "a", "examples": ["a", "b"]},
                "link": {"$ref": "#/components/schemas/Link", "description": "next"},
                "list": {"items": {"type": ["string", "null"]}, "examples": []},
            },
            "required": [],
        }
    }
    assert openapi_30(document)["components"]["schemas"]["Every"] == {
        "nullable": True,
        "type": "object",
        "properties": {
            "type": {
                "anyOf": [{"type": "integer", "nullable": True}, {"type": "string"}],
                "minimum": 5,
                "exclusiveMinimum": True,
            },
            "const": {"enum": ["a"], "example": "a"},
            "link": {"allOf": [{"$ref": "#/components/schemas/Link"}], "description": "next"},
            "list": {"items": {"nullable": True, "type": "string"}},
        },
    }
