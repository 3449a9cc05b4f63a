"""What all controls share: how they are put at their paths, the JSON they are sent, and what they answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, Response, request

from partner_insights.errors import InputError
from partner_insights.server.http.response import PRIVATE, json_response, respond

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Control(NamedTuple):
    """One path and method under `/_admin`, and what answers."""

    path: str
    method: str
    view: Callable[..., Response]
    alone: str | None = None
    """What is said with several workers, of which only one would hear of it; None: any of them may answer."""


class ControlError(Exception):
    """A control refuses with a status, in words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def blueprint_of(controls: Iterable[Control], workers: int) -> Blueprint:
    """The controls as they are with so many workers; an InputError in one of them is answered 400."""
    blueprint = Blueprint("admin", __name__, url_prefix="/_admin")
    for path, method, view, alone in controls:
        answers = view if alone is None or workers == 1 else _needs_one_worker(alone)
        blueprint.add_url_rule(path, f"{method} {path}", answers, methods=[method])
    blueprint.register_error_handler(InputError, lambda error: json_error(400, str(error)))
    blueprint.register_error_handler(ControlError, lambda error: json_error(error.status, str(error)))
    return blueprint


def _needs_one_worker(words: str) -> Callable[..., Response]:
    return lambda **_: json_error(409, f"with several workers {words} with --workers 1")


def query_number(name: str, default: int) -> int:
    """A number of the query; InputError where there is another value."""
    value = request.args.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise InputError(f"{name}={value[:40]!r} is no whole number")
    return int(value)


def sent_json() -> Any:
    """The JSON of the request; None where there is none, or one nested beyond reason."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def json_ok(content: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    """What was asked for, as JSON that is nobody else's: it may hold a token, and what clients sent."""
    return respond(json_response(content, status=status, headers=(*PRIVATE, *headers)))


def json_error(status: int, words: str) -> Response:
    """What is wrong, in words."""
    return json_ok({"error": words}, status)
