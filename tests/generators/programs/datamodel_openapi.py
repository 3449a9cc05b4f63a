import json
import sys
from typing import assert_type
from urllib.request import Request, urlopen

from client import CustomerCollection, CustomerLicensesUsageInsightsCollection

url, token, customer = sys.argv[1:]


def get(path: str) -> str:
    request = Request(url + path, headers={"Authorization": f"Bearer {token}"})
    return str(urlopen(request, timeout=10).read(), "utf-8-sig")


usage = CustomerLicensesUsageInsightsCollection.model_validate_json(
    get(f"/v1/customers/{customer}/analytics/licenses/usage")
)
customers = CustomerCollection.model_validate_json(get("/v1/customers?size=1"))
following = customers.links.next
assert following is not None
active = assert_type(usage.items[0].licensesActive, float)
continuation = assert_type(following.headers[0].value, str)
answers = {
    name: each.model_dump(mode="json", exclude_unset=True)
    for name, each in (("usage", usage), ("customers", customers))
}
print(json.dumps(answers | {"read": [active, continuation]}))
