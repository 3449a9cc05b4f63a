import json
import sys
from typing import assert_type
from uuid import UUID

from client import AuthenticatedClient
from client.api.customers import customers as list_customers
from client.api.licence_analytics import customer_licenses_usage
from client.models import CustomerCollection, CustomerLicensesUsageInsightsCollection
from client.types import Unset

url, token, customer = sys.argv[1:]
with AuthenticatedClient(base_url=url, token=token) as client:
    usage = customer_licenses_usage.sync(UUID(customer), client=client)
    customers = list_customers.sync(client=client, size=1)
assert isinstance(usage, CustomerLicensesUsageInsightsCollection)
assert isinstance(customers, CustomerCollection)
following = customers.links.next_
assert not isinstance(following, Unset)
active = assert_type(usage.items[0].licenses_active, float)
continuation = assert_type(following.headers[0].value, str)
print(
    json.dumps({"usage": usage.to_dict(), "customers": customers.to_dict(), "read": [active, continuation]})
)
