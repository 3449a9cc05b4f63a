"""What became of every row → a report, as JSON or as a page with the tables and their cells in colour."""

from __future__ import annotations

import json
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from partner_insights.derive.row_accounts import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Template

    from partner_insights.derive.row_accounts import RowAccount

_MEANING = {
    Outcome.TYPED: "has a type",
    Outcome.REFERENCED: "refers to another resource or a list of values",
    Outcome.UNCERTAIN: "has a type; the description may say more, in no form that is certain",
    Outcome.REFUSED: "is left without constraint, or out of the schemas",
}
FORMATS = (".json", ".html")


def report_text(path: Path, counts: Mapping[str, int], rows: Sequence[RowAccount]) -> str:
    """The report in the form that the file's suffix says, one of FORMATS."""
    return _html(counts, rows) if path.suffix == ".html" else _json(counts, rows)


def _json(counts: Mapping[str, int], rows: Sequence[RowAccount]) -> str:
    document = {
        "counts": dict(counts),
        "rows": [
            {
                "page": row.page,
                "line": row.line,
                "resource": row.resource,
                "property": row.name,
                "outcome": row.outcome.value,
                "cells": dict(row.cells),
                "stated": list(row.stated),
                "messages": list(row.messages),
                "rows": row.rows,
            }
            for row in rows
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _html(counts: Mapping[str, int], rows: Sequence[RowAccount]) -> str:
    pages = [
        (page, [(resource, list(members)) for resource, members in groupby(group, lambda row: row.resource)])
        for page, group in ((page, list(group)) for page, group in groupby(rows, lambda row: row.page))
    ]
    return _template().render(counts=counts, pages=pages, outcomes=list(Outcome), meaning=_MEANING)


@cache
def _template() -> Template:
    from jinja2 import Environment

    text = (Path(__file__).parent / "page_report.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
