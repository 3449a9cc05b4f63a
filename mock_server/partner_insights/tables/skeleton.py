"""A page of a resource without a table → its properties by the JSON sample that stands for one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from partner_insights.documents import json_value
from partner_insights.tables.inline import Inline
from partner_insights.tables.naming import owner_of
from partner_insights.tables.resources import Property, Resource
from partner_insights.tables.row_facts import NOTHING
from partner_insights.tables.type_expression import TypeExpression
from partner_insights.tables.types import read_type

if TYPE_CHECKING:
    from partner_insights.tables.dialect import Dialect
    from partner_insights.tables.document import Document, Heading

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_REMARK = re.compile(r"(.+?) \(.*\)")
_KIND = "@odata.type"
_MAX_LINES = 2_000


def skeleton_resource(document: Document, text: str, dialect: Dialect) -> Resource | None:
    """The resource that the title of a page names, with the properties of its sample, if it shows any.

    Only where the title ends with one of the dialect's words for a resource.
    """
    title = document.headings[0] if document.headings else None
    if title is None or title.level != 1 or not dialect.skeleton:
        return None
    name = dialect.nouns.sub("", title.text).strip("* ")
    if name == title.text or not re.fullmatch(r"[A-Za-z]\w*", name):
        return None
    owner = owner_of((title,), dialect)
    heading = next((each for each in document.headings if each.text.casefold() in dialect.skeleton), None)
    properties = () if heading is None else tuple(_properties(text, heading, dialect))
    return None if owner is None else Resource(name, title.anchor, title.line, "", properties, title.aliases)


def _properties(text: str, heading: Heading, dialect: Dialect) -> list[Property]:
    lines = (
        text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[heading.line : heading.line + _MAX_LINES]
    )
    fences = [index for index, line in enumerate(lines) if _FENCE.match(line)]
    if len(fences) < 2:
        return []
    body = lines[fences[0] + 1 : fences[1]]
    try:
        sample = json_value("\n".join(body))
    except ValueError:
        return []
    found: list[Property] = []
    for name, value in sample.items() if isinstance(sample, dict) else ():
        expression = _type(value, dialect)
        if name.startswith("@") or expression is None:
            continue
        place = next((index for index, line in enumerate(body) if f'"{name}"' in line), 0)
        cells = {"Property": name, "Type": json.dumps(value)}
        line = heading.line + fences[0] + 2 + place
        found.append(Property(name, line, cells, expression, NOTHING, {"name": "Property", "type": "Type"}))
    return found


def _type(value: Any, dialect: Dialect) -> TypeExpression | None:
    """The type that a value of the sample stands for; a number may be any, and null anything."""
    if isinstance(value, bool):
        return TypeExpression("scalar", "boolean")
    if isinstance(value, int | float):
        return TypeExpression("scalar", "number")
    if isinstance(value, list):
        return TypeExpression("array", items=_type(value[0], dialect) if len(value) == 1 else None)
    if isinstance(value, dict):
        kind = value.get(_KIND)
        return _named(kind, dialect) if isinstance(kind, str) else TypeExpression("object")
    return _named(value, dialect, scalar=True) if isinstance(value, str) else TypeExpression("any")


def _named(text: str, dialect: Dialect, *, scalar: bool = False) -> TypeExpression | None:
    remark = _REMARK.fullmatch(text)
    found = read_type(Inline((remark[1] if remark else text).lstrip("#")), {}, dialect)
    return None if found is not None and scalar and found.kind == "reference" else found
