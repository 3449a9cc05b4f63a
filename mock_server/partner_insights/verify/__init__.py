"""A response, a recording or a URL → violations of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partner_insights.verify.exchange import Exchange, Failure, Request, Response, Token
    from partner_insights.verify.judging import judge, judge_head, judge_repeat, judge_sums, observe
    from partner_insights.verify.violation import Observation, Violation

__all__ = [
    "Exchange",
    "Failure",
    "Observation",
    "Request",
    "Response",
    "Token",
    "Violation",
    "judge",
    "judge_head",
    "judge_repeat",
    "judge_sums",
    "observe",
]

_HOMES = {
    "Exchange": "exchange",
    "Failure": "exchange",
    "Observation": "violation",
    "Request": "exchange",
    "Response": "exchange",
    "Token": "exchange",
    "Violation": "violation",
    "judge": "judging",
    "judge_head": "judging",
    "judge_repeat": "judging",
    "judge_sums": "judging",
    "observe": "judging",
}


def __getattr__(name: str) -> Any:
    # The pytest plugin declares the suite's options in every user's pytest, and judges nothing there.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
