"""Contract and resource → which columns its rows have, and where those come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from partner_insights.errors import InputError
from partner_insights.world import columns as named
from partner_insights.world.customer_columns import customer_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue
    from partner_insights.world.calendar import Dataset
    from partner_insights.world.columns import ColumnMaker


class ResourceKind(Struct, frozen=True):
    """What the rows of a resource are, and which properties are known for them by name."""

    dataset: Dataset
    partner: bool
    known: Mapping[str, ColumnMaker]


RESOURCE_KINDS: Final = {
    "PartnerLicensesDeploymentInsights": ResourceKind("deployment", True, named.PARTNER_DEPLOYMENT),
    "PartnerLicensesUsageInsights": ResourceKind("usage", True, named.PARTNER_USAGE),
    "CustomerLicensesDeploymentInsights": ResourceKind("deployment", False, named.CUSTOMER_DEPLOYMENT),
    "CustomerLicensesUsageInsights": ResourceKind("usage", False, named.CUSTOMER_USAGE),
    "LicensesDeployment": ResourceKind("deployment", False, named.LICENSES_DEPLOYMENT),
    "LicensesUsage": ResourceKind("usage", False, named.LICENSES_USAGE),
}


class ResourceLayout(Struct, frozen=True):
    """Where the columns of a resource come from."""

    properties: Mapping[str, Any]
    """Those that its rows have; not `attributes`."""
    kind: ResourceKind | None
    of_customer: Mapping[str, Any] | None
    """The resource within the body of a customer, where it is there."""


def layout_of(catalogue: Catalogue, resource: str) -> ResourceLayout:
    """KeyError for a resource that the contract lacks, InputError for one that no response has rows of."""
    properties = catalogue.resources[resource].schema["properties"]
    operations = [each for each in catalogue.operations.values() if each.resource == resource]
    part = customer_part(catalogue, resource)
    if not operations and part is None:
        answered = sorted({each.resource for each in catalogue.operations.values()})
        raise InputError(f"no response has rows of {resource}", remedy=f"ask for {', '.join(answered)}")
    # Some properties only rows of grouped answers have.
    left_out = {"attributes"}.union(*(each.options.only_grouped for each in operations))
    own = {name: schema for name, schema in properties.items() if name not in left_out}
    return ResourceLayout(own, RESOURCE_KINDS.get(resource), part)
