"""A response, a recording or a URL → violations of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partner_insights.verify.judge.exchange import Exchange, Failure, Request, Response, Token
    from partner_insights.verify.judge.judge import (
        judge_exchange,
        judge_head,
        judge_repeat,
        judge_sums,
        observe,
    )
    from partner_insights.verify.judge.violation import Observation, Violation

__all__ = [
    "Exchange",
    "Failure",
    "Observation",
    "Request",
    "Response",
    "Token",
    "Violation",
    "judge_exchange",
    "judge_head",
    "judge_repeat",
    "judge_sums",
    "observe",
]

_HOMES = {
    **dict.fromkeys(__all__, "judge.judge"),
    **dict.fromkeys(("Exchange", "Failure", "Request", "Response", "Token"), "judge.exchange"),
    **dict.fromkeys(("Observation", "Violation"), "judge.violation"),
}


def __getattr__(name: str) -> Any:
    # The pytest plugin declares the suite's options in every user's pytest, and judges nothing there.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
