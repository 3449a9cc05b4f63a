"""Headings → the names of resources: which heading owns a table, and how its words become a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_insights.tables.dialect import Dialect
    from partner_insights.tables.document import Heading

_ARTICLES = re.compile(r"\b(?:a|an|the) ", re.IGNORECASE)
_RESPONSE = re.compile(r"(?:rest )?response\b", re.IGNORECASE)
# "Edit Harbour % PATCH /harbours/{harbour.id}": what is asked is no part of the name.
_REQUEST = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) /.*", re.DOTALL)
_READS = re.compile(r"(?:get|list|retrieve)\s+(?:all|an?|the)?\s*", re.IGNORECASE)


def pascal(text: str) -> str:
    """The words of a text as one, the capitals kept: "Azure usage" is AzureUsage."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text))


def owner_of(headings: Sequence[Heading], dialect: Dialect) -> Heading | None:
    """The last heading above a table that is no heading of a part, such as "Properties"."""
    return next((each for each in reversed(headings) if each.text.casefold() not in dialect.parts), None)


def answer_name(title: str) -> str:
    """What a how-to page responds with: "Get licenses usage information" → LicensesUsageInformation."""
    return pascal(_READS.sub("", title, count=1)) or "Response"


def body_name(headings: Sequence[Heading]) -> str | None:
    """The name of the body whose table stands under the last of these headings: by the heading above it."""
    above = [each for each in headings[:-1] if each.text.strip()]
    if not above:
        return None
    part, over = headings[-1].text, _REQUEST.sub("", above[-1].text)
    if above[-1].level == 1 and _RESPONSE.match(part):
        return answer_name(over)
    return pascal(f"{_ARTICLES.sub('', over)} {part}")
