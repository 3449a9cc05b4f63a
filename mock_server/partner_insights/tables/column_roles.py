"""Turns the header of a table into what its columns mean, and the cells of some columns into facts."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from partner_insights.tables.range_prose import read_length_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partner_insights.tables.dialect import Dialect, Role
    from partner_insights.tables.row_facts import Facts

_LENGTH = re.compile(
    r"(?:max(?:imum)? )?length\s*"
    r"(?:\((?:in |number of )?(?:char(?:acter)?s?|max(?:imum)?|min(?:imum)?\W+max(?:imum)?)\))?",
    re.IGNORECASE,
)
_THOUSAND = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# "5, 10" is the least and the greatest only where the title says so: it may be a precision, or two lengths.
_PAIR = re.compile(r"\d+,\s*\d+")
_YES = re.compile(r"(?:y|yes|true|required|mandatory|always|✓|✔️?|✅|x)[.!]?", re.IGNORECASE)
_PERHAPS = re.compile(
    r"(?:y|yes|true|required|mandatory|always|✓|✔️?|✅|x)(?![\w-]).*", re.IGNORECASE
)  # "yes, if lent"
_NO = re.compile(r"(?:n|no|false|optional|not required)\b.*|[✗✘❌]", re.IGNORECASE)
_NOTHING = {"", "-", "–", "—", "n/a", "na", "none"}
_NO_EXAMPLE = {*_NOTHING, "…", "...", "null", "not applicable", "see below", "tbd", "varies"}
# Where a table says "Property" it lists properties; a table may also give names types.
_PROPERTY_TITLES = {"property", "properties", "property name"}


@lru_cache(maxsize=256)
def role_of(title: str, dialect: Dialect) -> Role | None:
    """What a column of this title means; None where that is not known."""
    folded = title.casefold().rstrip(":")
    return dialect.roles.get(folded) or ("length" if _LENGTH.fullmatch(folded) else None)


def says_property(columns: Sequence[str]) -> bool:
    """Whether a header says that the table lists properties."""
    return any(column.casefold().rstrip(":") in _PROPERTY_TITLES for column in columns)


@lru_cache(maxsize=256)
def indices_of(columns: tuple[str, ...], dialect: Dialect) -> Mapping[Role, int]:
    """The index of the first column of each meaning."""
    roles = [
        (role, index)
        for index, column in enumerate(columns)
        if (role := role_of(column, dialect)) is not None
    ]
    return dict(reversed(roles))


def documents_resource(columns: Sequence[str], dialect: Dialect) -> bool:
    """Whether a table with these columns lists properties: it says so, or it gives names types."""
    roles = indices_of(tuple(columns), dialect)
    return says_property(columns) or (
        bool(columns) and role_of(columns[0], dialect) == "name" and "type" in roles
    )


def with_columns(facts: Facts, cells: dict[Role, tuple[str, str]]) -> tuple[Facts, list[str]]:
    """The facts of a row with those of its other columns, and the titles of columns that cannot be read.

    `cells` holds the title and the text of each column by what it means.
    """
    unread: list[str] = []
    columns: dict[str, str] = {}
    changes: dict[str, object] = {}
    for role, (title, text) in cells.items():
        found = {} if role == "other" else _read(role, title, text)
        if found is None:
            unread.append(title)
            continue
        changes |= found
        columns |= dict.fromkeys(found, title)
    return (replace(facts, columns=columns, **changes) if changes else facts), unread  # type: ignore[arg-type]


def _read(role: Role, title: str, text: str) -> dict[str, object] | None:
    """The facts a cell states by field of `Facts`; None where it states something that cannot be read."""
    if role == "example":
        return {"examples": (text.strip("\"'`"),)} if text.casefold() not in _NO_EXAMPLE else {}
    if text.casefold() in _NOTHING and role != "required":
        return {}
    if role == "length":
        if "min" not in title.casefold():
            text = _THOUSAND.sub("", text)
            if _PAIR.fullmatch(text):
                return None
        length = read_length_cell(text)
        return None if length is None else _lengths(*length)
    yes, no = bool(_YES.fullmatch(text)), bool(_NO.fullmatch(text))
    if role == "read_only":
        return {"read_only": yes} if yes or no else None
    if text.casefold() in _NOTHING:
        return {}
    if _PERHAPS.fullmatch(text) and not yes:
        return {}
    return {"required": yes, "optional": no} if yes or no else None


def _lengths(least: int | None, most: int | None) -> dict[str, object]:
    bounds = {"min_length": least, "max_length": most}
    return {name: bound for name, bound in bounds.items() if bound is not None}
