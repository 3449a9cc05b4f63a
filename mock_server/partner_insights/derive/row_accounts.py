"""Pages, their schemas and diagnostics → what became of every row of their tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from partner_insights.tables import Diagnostic, Page, Property


class Outcome(StrEnum):
    """What became of a row."""

    TYPED = "typed"
    REFERENCED = "referenced"
    """Its type is another resource, or a list of values elsewhere."""
    UNCERTAIN = "uncertain"
    """It has a type; what its description says besides is in no form that is certain."""
    REFUSED = "refused"
    """It has no constraint, or is in no schema."""


@dataclass(frozen=True)
class RowAccount:
    """One row: its page and line, resource and property (None where they are not known), cells, and outcome.

    `stated` are the columns that state a constraint, `messages` what was said about the row.
    """

    page: str
    line: int
    resource: str | None
    name: str | None
    cells: Mapping[str, str]
    outcome: Outcome
    stated: tuple[str, ...]
    messages: tuple[str, ...]
    rows: int = 1
    """How many rows of a refused table it stands for."""


_OF_ROWS = frozenset(
    {
        *("unknown-type", "unresolved-reference", "unreadable-name", "duplicate-property", "extra-cells"),
        *("not-a-row", "orphan-row", "unnamed-resource", "duplicate-resource"),
        *("missing-column", "broken-table"),
    }
)
_NAMES = frozenset({"unreadable-name", "duplicate-property", "not-a-row", "orphan-row"})


def row_accounts(page: Page, diagnostics: Iterable[Diagnostic]) -> Iterator[RowAccount]:
    """Every row of a page's tables of properties, in the order of its lines.

    `diagnostics` are those about the page, the references that lead nowhere among them.
    """
    by_line: dict[int, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        by_line.setdefault(diagnostic.line, []).append(diagnostic)
    accounts = []
    for resource in page.resources:
        for row in resource.properties:
            said = by_line.get(row.line, [])
            accounts.append(_of_property(page.name, resource.name, row, said))
    known = {(account.line, account.name) for account in accounts}
    lines = {line for line, _ in known}
    for line, said in by_line.items():
        for diagnostic in said:
            lost = diagnostic.code in _NAMES or line not in lines
            if diagnostic.level == "error" and diagnostic.code in _OF_ROWS and lost:
                accounts.append(_lost(page.name, diagnostic))
    yield from sorted(accounts, key=lambda account: account.line)


def counts_of(accounts: Iterable[RowAccount], resources: int) -> dict[str, int]:
    """How many resources and rows there are, and how many rows became what."""
    found: Counter[str] = Counter()
    for account in accounts:
        found[account.outcome] += account.rows
    return {
        "resources": resources,
        "rows": found.total(),
        **{outcome.value: found[outcome] for outcome in Outcome},
    }


def _of_property(page: str, resource: str, row: Property, said: list[Diagnostic]) -> RowAccount:
    refused = row.type is None or any(found.code == "unresolved-reference" for found in said)
    if refused:
        outcome = Outcome.REFUSED
    elif any(found.code == "uncertain" for found in said):
        outcome = Outcome.UNCERTAIN
    else:
        refers = row.type is not None and row.type.innermost.kind == "reference"
        outcome = Outcome.REFERENCED if refers or row.facts.enumerations else Outcome.TYPED
    messages = tuple(f"{found.message} (found {found.found})" for found in said)
    return RowAccount(page, row.line, resource, row.name, row.cells, outcome, _stated(row), messages)


def _lost(page: str, diagnostic: Diagnostic) -> RowAccount:
    message = f"{diagnostic.message} (found {diagnostic.found})"
    return RowAccount(page, diagnostic.line, None, None, {}, Outcome.REFUSED, (), (message,), diagnostic.rows)


_SILENT = ("columns", "doubts", "bounded", "examples", "read_only", "deprecated", "unit", "relation")


def _stated(row: Property) -> tuple[str, ...]:
    """The columns of which a constraint was read."""
    nothing = type(row.facts)()
    facts = [
        name
        for name in row.facts.__dataclass_fields__
        if name not in _SILENT and getattr(row.facts, name) != getattr(nothing, name)
    ]
    description = row.titles.get("description", "Description")
    columns = dict.fromkeys(row.facts.columns.get(name, description) for name in facts)
    return (row.titles.get("type", "Type"), *columns) if row.type is not None else tuple(columns)
