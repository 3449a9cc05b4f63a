"""How long a factory call takes: microseconds of this process's own time, the best of several rounds.

`python benchmarks/factories.py [--check]`; with `--check` it exits 1 where a call takes 50 µs or more.
Overrides differ from call to call, so that nothing is remembered from the call before.
"""

from __future__ import annotations

import sys
import time
from itertools import count
from typing import TYPE_CHECKING

from partner_insights.fixtures import (
    customer,
    customer_deployment,
    customer_usage,
    partner_deployment,
    partner_usage,
    response,
    whole_customer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 50.0
CALLS = 2000
ROUNDS = 7

turn = count()


def guid() -> str:
    return f"{next(turn):08x}-0000-4000-8000-000000000000"


CASES: dict[str, Callable[[], object]] = {
    "customer_usage()": customer_usage,
    "customer_usage(licensesActive=…)": lambda: customer_usage(licensesActive=next(turn)),
    "customer_usage(usagePercent=…)": lambda: customer_usage(usagePercent=next(turn) % 10_001 / 100),
    "customer_usage(customerName=…)": lambda: customer_usage(customerName=f"Customer {next(turn)}"),
    "customer_usage(customerId=…)": lambda: customer_usage(customerId=guid()),
    "customer_usage(workloadName='Yammer')": lambda: customer_usage(workloadName="Yammer"),
    "customer_usage(index=…)": lambda: customer_usage(index=next(turn) % 64),
    "customer_deployment(licensesSold=…)": lambda: customer_deployment(licensesSold=next(turn)),
    "partner_usage()": partner_usage,
    "partner_deployment(licensesSold=…)": lambda: partner_deployment(licensesSold=next(turn)),
    "customer()": customer,
    "customer(id=…)": lambda: customer(id=guid()),
    "whole_customer()": whole_customer,
    "response('customer-licenses-usage')": lambda: response("customer-licenses-usage"),
    "response('partner-licenses-deployment')": lambda: response("partner-licenses-deployment"),
}


def microseconds(call: Callable[[], object]) -> float:
    call()
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, (time.process_time() - start) / CALLS * 1e6)
    return best


def main(arguments: list[str]) -> int:
    slow = 0
    for name, call in CASES.items():
        taken = microseconds(call)
        slow += taken >= LIMIT
        print(f"{name:45} {taken:6.1f} µs{'  too slow' if taken >= LIMIT else ''}")
    return 1 if slow and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
