"""`/_admin/sessions` → fakes of their own at this address: begun, told and ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import request

from partner_insights.errors import InputError
from partner_insights.server.admin.controls import Control, json_error, json_ok, sent_json
from partner_insights.server.sessions import HEADER, IDLE_SECONDS, PREFIX, Sessions
from partner_insights.server.settings import AuthMode
from partner_insights.world.own import load
from partner_insights.world.own.events import read_day
from partner_insights.world.own.files import chunks_of_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from partner_insights.server.middleware import ApiMiddleware
    from partner_insights.server.settings import Settings
    from partner_insights.world import World

_WORLD: Final = {"seed": "seed", "customers": "customers", "percentScale": "percent_scale"}
"""Members of the body → arguments of the world; whole numbers."""
_KNOWN: Final = (*_WORLD, "asOf", "scenario", "auth", "bom", "data", "onlyData", "idleSeconds")
_MAX_IDLE: Final = 86_400
_MAX_CUSTOMERS: Final = 10_000_000


class SessionViews:
    """What begins and ends sessions."""

    def __init__(
        self,
        sessions: Sessions[ApiMiddleware],
        make: Callable[[World, Settings], ApiMiddleware],
        world: World,
        settings: Settings,
    ) -> None:
        self._sessions = sessions
        self._make = make
        self._world = world
        self._settings = settings

    def controls(self) -> tuple[Control, ...]:
        """Those under `/sessions`."""
        alone = "there are no sessions: restart"
        return (
            Control("/sessions", "POST", self.begin, alone),
            Control("/sessions", "GET", self.sessions, alone),
            Control("/sessions/<session_id>", "DELETE", self.end, alone),
        )

    def sessions(self) -> Response:
        """The ids of those in use."""
        return json_ok({"sessions": self._sessions.ids})

    def begin(self) -> Response:
        """A session as the fake was at the start, but for what the body says."""
        content = _content()
        world, settings = self._told(content)
        idle = _number(content, "idleSeconds", IDLE_SECONDS, 1, _MAX_IDLE)
        session_id = self._sessions.begin(lambda: self._make(world, settings), idle)
        url = f"{request.host_url.rstrip('/')}{PREFIX}{session_id}"
        told = {"id": session_id, "url": url, "header": HEADER}
        return json_ok(told, 201, ("Location", f"/_admin/sessions/{session_id}"))

    def end(self, session_id: str) -> Response:
        """End a session: nothing of it is left."""
        if not self._sessions.end(session_id):
            return json_error(404, f"there is no session {session_id[:40]!r}")
        return json_ok({"ended": session_id})

    def _told(self, content: dict[str, Any]) -> tuple[World, Settings]:
        world, settings = self._world, self._settings
        given = {argument: content[name] for name, argument in _WORLD.items() if name in content}
        if content.get("onlyData"):
            world, given = world.without_customers(), given | {"customers": 0}
        elif "customers" in given or "seed" in given:
            # What was given to the fake itself belongs to its own world.
            world = world.with_own(None)
        if "asOf" in content:
            given["as_of"] = read_day(content["asOf"], "/asOf")
        world = replace(world, **given)
        if "data" in content:
            world = load.put(load.read(chunks_of_value(content["data"], "data"), world), world)
        names = content.get("scenario")
        if names is not None:
            scenarios = (names,) if isinstance(names, str) else tuple(names)
            settings = replace(settings, scenarios=scenarios)
        if "auth" in content:
            settings = replace(settings, auth=AuthMode(content["auth"]))
        return world, replace(settings, bom=content.get("bom", settings.bom), request_log=None)


def _content() -> dict[str, Any]:
    content = sent_json() if request.get_data() else {}
    if not isinstance(content, dict):
        raise InputError("the body is no object", remedy=f"send JSON with some of {', '.join(_KNOWN)}")
    unknown = sorted(content.keys() - set(_KNOWN))
    if unknown:
        raise InputError(f"a session has no {', '.join(unknown)}", remedy=f"give {', '.join(_KNOWN)}")
    for name in _WORLD:
        if name in content:
            most = _MAX_CUSTOMERS if name == "customers" else 2**53
            content[name] = _number(content, name, 0, 0, most)
    for name in ("bom", "onlyData"):
        if not isinstance(content.get(name, False), bool):
            raise InputError("is neither true nor false", where=f"/{name}")
    if content.get("auth", "jwt") not in list(AuthMode):
        raise InputError("is no way to authenticate", where="/auth", remedy=f"give {', '.join(AuthMode)}")
    names = content.get("scenario", [])
    if not isinstance(names, str) and not (
        isinstance(names, list) and all(isinstance(each, str) for each in names)
    ):
        raise InputError("is neither a name nor an array of names", where="/scenario")
    return content


def _number(content: dict[str, Any], name: str, default: float, least: int, most: int) -> int:
    value = content.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InputError(f"is no number from {least} to {most}", where=f"/{name}")
    if value != int(value):
        raise InputError("is no whole number", where=f"/{name}")
    return int(value)
