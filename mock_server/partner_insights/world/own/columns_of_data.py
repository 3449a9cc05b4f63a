"""The columns that given rows may have: the API's own names, and short ones for the same."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from partner_insights.errors import InputError
from partner_insights.world.products import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORT: Final = {
    "customer": "customerName",
    "product": "productName",
    "service": "serviceName",
    "sold": "licensesSold",
    "deployed": "licensesDeployed",
    "workload": "workloadName",
    "qualified": "licensesQualified",
    "active": "licensesActive",
    # Of a customer as an object.
    "name": "customerName",
    "customer.name": "customerName",
    "customer.id": "customerId",
    "customer.domain": "domain",
    # Of a customer as the API has one.
    "id": "customerId",
    "companyProfile.companyName": "customerName",
    "companyProfile.tenantId": "tenantId",
    "companyProfile.domain": "domain",
}
"""Short name → the API's."""

ACTIVE: Final = "active."
"""Before the name of a workload: a column with the active licences in it."""

NEWER_ID: Final = "customerTenantId"
"""The column that rows of the newer operations have, and no others."""
SNAPSHOT: Final = "snapshot"
"""Of rows of the newer operations: the one time of all of them, which has no zone."""
NEWER: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    NEWER_ID: ("customerId", {}),
    "processedDateTime": (SNAPSHOT, {}),
    "serviceName": ("serviceName", {each.title: each.code for each in SERVICES}),
}
"""A column that rows of the newer operations spell otherwise → what it is here, and its texts."""

TEXTS: Final = (
    "customerId",
    "customerName",
    "domain",
    "tenantId",
    "productName",
    "serviceName",
    "serviceCode",
    "channel",
    "workloadName",
    "workloadCode",
    "processedDateTime",
    "productId",
    NEWER_ID,
)
COUNTS: Final = ("licensesSold", "licensesDeployed", "licensesQualified", "licensesActive")
PERCENTS: Final = ("deploymentPercent", "usagePercent")
OF_PARTNER: Final = ("proratedDeploymentPercent", "proratedLicensesUsagePercent")
OBJECT_TYPE: Final = "attributes.objectType"
LICENSES: Final = "licenses"
"""Of a customer: all its licences."""

_KNOWN: Final = {*TEXTS, *COUNTS, *PERCENTS, *OF_PARTNER, OBJECT_TYPE, LICENSES}
_PASSED_OVER: Final = ("companyProfile.attributes", "relationshipToPartner", "links", "attributes")
"""What the API says of a customer that follows from the rest."""


def _folded(name: str) -> str:
    """A name without what people write otherwise: `Licenses Sold`, `licenses_sold`."""
    return name.casefold().translate(_BETWEEN)


_BETWEEN: Final = str.maketrans("", "", " _-\n\r\u00a0")
_FOLDED: Final = {_folded(name): SHORT.get(name, name) for name in (*_KNOWN - {LICENSES}, *SHORT)}
"""Not what holds rows: written otherwise it would look like a customer without any."""


def known_name(name: str) -> str | None:
    """The API's name of a column that is read; None for any other."""
    known = SHORT.get(name, name)
    if known in _KNOWN or known.startswith(ACTIVE):
        return known
    prefix, dot, workload = name.partition(".")
    if dot and workload and _folded(prefix) == ACTIVE.removesuffix("."):
        return ACTIVE + workload
    return _FOLDED.get(_folded(name))


def is_number(name: str) -> bool:
    """Whether a column of that name holds counts or percents."""
    known = known_name(name)
    return known is not None and known not in (*TEXTS, OBJECT_TYPE, LICENSES)


def api_name(name: str, where: str) -> str | None:
    """The API's name of a column; None for one that follows from others. InputError for any other."""
    known = known_name(name)
    if known is not None:
        return known
    if any(name == each or name.startswith(f"{each}.") for each in _PASSED_OVER):
        return None
    near = get_close_matches(name, [*SHORT, *_KNOWN], n=1, cutoff=0.7)
    short = f"customer, product, sold, deployed, active, or {ACTIVE}{name[:80]} where it is a workload"
    raise InputError(
        f"there is no column {name[:80]!r}",
        where=where,
        remedy=f"did you mean {near[0]}?" if near else f"use the API's names, or {short}",
    )
