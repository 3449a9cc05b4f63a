"""A response, a recording or a URL → violations of the contract."""

from partner_insights.verify.exchange import Exchange, Failure, Request, Response, Token
from partner_insights.verify.judge import judge, judge_head, judge_repeat, judge_sums, observe
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
