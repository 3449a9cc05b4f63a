"""Groups of operations that a mutant means something for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue, Operation
    from partner_insights.contract.query import OptionKind
    from partner_insights.mutants.mutant import AppliesTo

_CUSTOMER: Final = "Customer"


def analytics(operation: Operation, catalogue: Catalogue) -> bool:
    """The four licence analytics operations."""
    return operation.seed


def of_partner(operation: Operation, catalogue: Catalogue) -> bool:
    """Those of them about the partner as a whole."""
    return operation.seed and not operation.per_customer


def of_customer(operation: Operation, catalogue: Catalogue) -> bool:
    """Those of them about one customer."""
    return operation.seed and operation.per_customer


def customer_list(operation: Operation, catalogue: Catalogue) -> bool:
    """The customer list."""
    return operation.resource == _CUSTOMER and operation.envelope is not None


def single_customer(operation: Operation, catalogue: Catalogue) -> bool:
    """One customer by its id."""
    return operation.resource == _CUSTOMER and operation.envelope is None


def customers(operation: Operation, catalogue: Catalogue) -> bool:
    """The customer list and one customer by its id."""
    return operation.resource == _CUSTOMER


def collections(operation: Operation, catalogue: Catalogue) -> bool:
    """Licence analytics and the customer list: a known envelope around rows."""
    return analytics(operation, catalogue) or customer_list(operation, catalogue)


def enveloped(operation: Operation, catalogue: Catalogue) -> bool:
    """Any operation that returns a list."""
    return operation.envelope is not None


def per_customer(operation: Operation, catalogue: Catalogue) -> bool:
    """Any operation about one customer, licence analytics or not."""
    return operation.per_customer


def has(*names: str) -> AppliesTo:
    """Analytics, the older or the newer, whose rows have all these properties."""
    return lambda operation, catalogue: (
        (operation.seed or bool(operation.options)) and set(names) <= _properties(operation, catalogue)
    )


def has_counts(operation: Operation, catalogue: Catalogue) -> bool:
    """Licence analytics whose rows count licences."""
    return operation.seed and any(name.startswith("licenses") for name in _properties(operation, catalogue))


def identified(operation: Operation, catalogue: Catalogue) -> bool:
    """Lists whose rows have an identity, by the rule about it."""
    known = collections(operation, catalogue) or bool(operation.options)
    return known and operation.resource in catalogue.rules["unique-rows"].resources


def paged(operation: Operation, catalogue: Catalogue) -> bool:
    """Any operation whose rows a query chooses, and whose body links to the next page."""
    return bool(operation.options) and operation.layout.next_link is not None


def with_option(kind: OptionKind) -> AppliesTo:
    """Operations with a parameter of a kind."""
    return lambda operation, _: operation.options.of(kind) is not None


def has_generations(operation: Operation, catalogue: Catalogue) -> bool:
    """The newer analytics of licences, which supersede the older."""
    return bool(operation.options) and operation.resource in catalogue.rules["generations-agree"].resources


def licences(operation: Operation, catalogue: Catalogue) -> bool:
    """The analytics of licences, the older and the newer."""
    return operation.seed or has_generations(operation, catalogue)


def with_dates(operation: Operation, catalogue: Catalogue) -> bool:
    """The newer analytics of which the rows have dates of their own."""
    return operation.resource in catalogue.rules["dates-that-were-set"].resources


def rejects(case: str) -> AppliesTo:
    """Any operation that documents this error case."""
    if case == "app-only":
        return lambda operation, _: case not in operation.auth
    return lambda operation, _: any(error.case == case for error in operation.errors)


def both(first: AppliesTo, second: AppliesTo) -> AppliesTo:
    """What is in two groups."""
    return lambda *operation: first(*operation) and second(*operation)


def _properties(operation: Operation, catalogue: Catalogue) -> set[str]:
    return set(catalogue.schema(operation.resource)["properties"])
