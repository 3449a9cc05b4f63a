"""What a query chooses, groups and pages is what the documentation says, and all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

from partner_insights.verify.run.queries import Queries

if TYPE_CHECKING:
    from partner_insights.verify.run.queries import Pairs
    from partner_insights.verify.run.session import SuiteSession


def test_pages_of_any_size_are_the_whole(session: SuiteSession, queried_operation: str) -> None:
    """For any page size, the pages together hold each row once; and so do those of a filter and of groups."""
    queries = Queries(session, queried_operation)
    rows = len(queries.whole)
    for top in sorted({max(rows // 3, 1), max(rows, 1), rows + 1}):
        queries.holds((), top)
    session.each(lambda query: queries.holds(*query), queries.in_two_pages())


def test_a_filter_chooses_the_rows_it_names(session: SuiteSession, queried_operation: str) -> None:
    """For any statements, joined in any order, the rows are those that keep them."""
    queries = Queries(session, queried_operation)

    @session.for_all(pairs=queries.filters())
    def holds(pairs: Pairs) -> None:
        queries.holds(pairs, 1000)


def test_groups_add_up_what_the_filter_leaves(session: SuiteSession, queried_operation: str) -> None:
    """For any fields and any filter, there is a row for each combination, with true sums."""
    queries = Queries(session, queried_operation)

    @session.for_all(groups=queries.groups(), pairs=st.just(()) | queries.filters())
    def holds(groups: Pairs, pairs: Pairs) -> None:
        queries.holds((*groups, *pairs), 1000)


def test_dates_are_grouped_by_their_spans(session: SuiteSession, spans_operation: str) -> None:
    """For any date, day by day and month by month, there is a row for each span, with true sums."""
    queries = Queries(session, spans_operation)
    for pairs in queries.spans():
        queries.holds(pairs, 1000)


def test_rows_come_in_the_order_asked_for(session: SuiteSession, ordered_operation: str) -> None:
    """By one field, upwards and downwards, and by two, the rows are all rows, in that order."""
    queries = Queries(session, ordered_operation)
    session.each(lambda pairs: queries.holds(pairs, 1000), queries.orders())


def test_the_rows_of_a_day_are_those_of_that_day(session: SuiteSession, dated_operation: str) -> None:
    """Asked for the latest day, the rows are those without asking; asked for one before, they are of that."""
    queries = Queries(session, dated_operation)
    for latest, before in queries.days():
        queries.holds(latest, 1000)
        queries.read(before, 1000)


def test_a_field_that_is_a_parameter_chooses_rows(session: SuiteSession, named_operation: str) -> None:
    """A parameter that is called as a field filters by its value."""
    queries = Queries(session, named_operation)
    session.each(lambda pairs: queries.holds(pairs, 1000), queries.named_values())


def test_a_query_that_is_none_is_refused(own_fake: SuiteSession, queried_operation: str) -> None:
    """A query that the pages do not allow is answered 400."""
    queries = Queries(own_fake, queried_operation)

    @own_fake.for_all(pairs=queries.refused())
    def is_refused(pairs: Pairs) -> None:
        own_fake.check(queried_operation, query=pairs)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("licenses-deployment-analytics", "customer-licenses-deployment"),
        ("licenses-usage-analytics", "customer-licenses-usage"),
    ],
)
def test_both_generations_say_the_same_of_a_customer(session: SuiteSession, newer: str, older: str) -> None:
    """A customer has the same licences in the newer analytics as in the older."""
    session.require(newer, older)
    queries = Queries(session, newer)
    for customer in session.customers.some()[:3]:
        queries.agrees(older, customer)
    queries.all_agree(older)
