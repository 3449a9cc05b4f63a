"""The id, domain and name of a customer → the customer as a resource, by the contract's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue

CUSTOMER: Final = "Customer"
CONTINUATION: Final = "MS-ContinuationToken"


def customer_resource(catalogue: Catalogue, customer_id: str, domain: str, name: str) -> dict[str, Any]:
    """A customer of this id, domain and name as a resource."""
    relationship = catalogue.resources[CUSTOMER].schema["properties"]["relationshipToPartner"]
    return {
        "id": customer_id,
        "companyProfile": {
            "tenantId": customer_id,
            "domain": domain,
            "companyName": name,
            "attributes": {"objectType": object_type(catalogue, "CustomerCompanyProfile")},
        },
        "relationshipToPartner": relationship["examples"][0],
        "links": {"self": link(f"/customers/{customer_id}")},
        "attributes": {"objectType": object_type(catalogue, CUSTOMER)},
    }


def object_type(catalogue: Catalogue, resource: str) -> str:
    """What the contract says the `objectType` of a resource is."""
    attributes = catalogue.resources[resource].schema["properties"]["attributes"]
    constant: str = attributes["properties"]["objectType"]["const"]
    return constant


def link(uri: str, continuation: str | None = None) -> dict[str, Any]:
    """A link of a body, to be followed with a continuation token where there is one."""
    headers = [] if continuation is None else [{"key": CONTINUATION, "value": continuation}]
    return {"uri": uri, "method": "GET", "headers": headers}
