import json
import sys
from typing import assert_type
from urllib.request import Request, urlopen

from client.Collection_schema import Collection
from client.CustomerCollection_schema import CustomerCollection
from client.CustomerLicensesUsageInsights_schema import CustomerLicensesUsageInsights

url, token, customer = sys.argv[1:]


def get(path: str) -> str:
    request = Request(url + path, headers={"Authorization": f"Bearer {token}"})
    return str(urlopen(request, timeout=10).read(), "utf-8-sig")


usage = Collection.model_validate_json(get(f"/v1/customers/{customer}/analytics/licenses/usage"))
rows = [CustomerLicensesUsageInsights.model_validate(row) for row in usage.items]
customers = CustomerCollection.model_validate_json(get("/v1/customers?size=1"))
following = customers.links.next
assert following is not None
active = assert_type(rows[0].licensesActive, float)
continuation = assert_type(following.headers[0].value, str)
items = [row.model_dump(mode="json", exclude_unset=True) for row in rows]
answers = {
    "usage": usage.model_dump(mode="json", exclude_unset=True) | {"items": items},
    "customers": customers.model_dump(mode="json", exclude_unset=True),
}
print(json.dumps(answers | {"read": [active, continuation]}))
