"""Values of another kind and names of another case → mutants of how rows are spelt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.contract import Standing
from partner_insights.mutants.mutant import Mutant, Scene, behaviour
from partner_insights.mutants.response_edits import Groups, Row, of_first, of_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def spelling_mutants(groups: Groups) -> Iterator[Mutant]:
    """Every mutant of a value's kind or a name's case."""
    documented, assumed = Standing.DOCUMENTED, Standing.ASSUMED
    rows = groups.collections
    counts = frozenset().union(
        *(
            groups.having(name)
            for name in ("licensesSold", "licensesDeployed", "licensesActive", "licensesQualified")
        )
    )
    first: dict[str, tuple[str, str, Standing, Callable[[Row], Row | None], frozenset[str]]] = {
        "null-value": ("a value is null", "PI101", documented, lambda row: _text(row, lambda _: None), rows),
        "null-optional-value": (
            "a value that may be absent is null",
            "PI101",
            documented,
            lambda row: {**row, "customerId": None},
            groups.having("customerId"),
        ),
        "number-as-string": (
            "a number is text",
            "PI101",
            documented,
            lambda row: _number(row, str),
            groups.analytics,
        ),
        "negative-count": (
            "a count is negative",
            "PI105",
            assumed,
            lambda row: _count(row, lambda n: -n - 1),
            counts,
        ),
        "fractional-count": (
            "a count is not whole",
            "PI107",
            assumed,
            lambda row: _count(row, lambda n: n + 0.5),
            counts,
        ),
        "boolean-for-a-count": (
            "a count is a boolean",
            "PI101",
            documented,
            lambda row: _count(row, bool),
            counts,
        ),
        "case-changed-property": (
            "a property's name is in another case",
            "PI102",
            assumed,
            _other_case,
            rows,
        ),
        "case-changed-object-type": (
            "an objectType is in another case",
            "PI103",
            documented,
            lambda row: {**row, "attributes": {"objectType": row["attributes"]["objectType"].lower()}},
            rows,
        ),
    }
    for name, (title, codes, standing, respell, operations) in first.items():
        yield behaviour(name, title, codes, standing, of_first(_alone(respell)), operations=operations)
    yield behaviour(
        "null-row",
        "a row is null",
        "PI101",
        documented,
        of_rows(lambda found, _: [*found[:-1], None]),  # type: ignore[list-item]  # what no row is
        operations=rows,
    )
    yield behaviour(
        "null-in-the-last-row",
        "a value of the last row only is null",
        "PI101",
        documented,
        of_rows(lambda found, _: [*found[:-1], _text(found[-1], lambda _: None)]),
        operations=rows,
    )


def _alone(respell: Callable[[Row], Row | None]) -> Callable[[Row, Scene], Row | None]:
    return lambda row, _: respell(row)


def _text(row: Row, respell: Callable[[str], Any]) -> Row:
    """One text that every row has."""
    name = next(name for name in ("serviceName", "relationshipToPartner") if name in row)
    return {**row, name: respell(row[name])}


def _number(row: Row, respell: Callable[[Any], Any]) -> Row:
    name = next(name for name, value in row.items() if isinstance(value, (int, float)))
    return {**row, name: respell(row[name])}


def _count(row: Row, respell: Callable[[Any], Any]) -> Row:
    name = next(name for name in row if name.startswith("licenses"))
    return {**row, name: respell(row[name])}


def _other_case(row: Row) -> Row:
    name = next(name for name in ("serviceName", "relationshipToPartner") if name in row)
    return {(key[0].upper() + key[1:] if key == name else key): value for key, value in row.items()}
