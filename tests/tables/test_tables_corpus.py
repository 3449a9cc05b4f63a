"""The corpus: pages that show each form, with what they must be read as beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from partner_insights._data import schemas_dir
from partner_insights.contract import PROVENANCE
from partner_insights.derive.bundled_pages import derive_pages

CORPUS = Path(__file__).parent / "corpus"


def read(path: Path) -> dict[str, Any]:
    """Resources with their properties in order and every keyword but the words; and the "
    "diagnostics by line."""

    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: bare(value) for key, value in part.items() if key not in (PROVENANCE, "description")}
        return part

    derivation = derive_pages([path], schemas_dir(), lenient=True)
    return {
        "resources": {
            name: {
                "required": schema.get("required", []),
                "properties": [[name, bare(row)] for name, row in schema["properties"].items()],
            }
            for name, schema in derivation.schemas.items()
        },
        "diagnostics": [[found.line, found.level, found.code] for found in derivation.diagnostics],
    }


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.md")), ids=lambda path: path.stem)
def test_a_page_of_the_corpus_is_read_as_written_beside_it(path: Path) -> None:
    """Resources, properties in order, every keyword, and each diagnostic with its line."""
    assert read(path) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.md")), ids=lambda path: path.stem)
def test_what_the_corpus_derives_to_is_a_schema(path: Path) -> None:
    """Every schema is valid by the 2020-12 metaschema, and its examples validate."""
    for schema in derive_pages([path], schemas_dir(), lenient=True).schemas.values():
        Draft202012Validator.check_schema(schema)
        for row in schema["properties"].values():
            for example in row.get("examples", ()):
                Draft202012Validator(row).validate(example)
