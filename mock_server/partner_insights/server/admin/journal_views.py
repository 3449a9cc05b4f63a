"""Journal and verdict of a fake → the controls that show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request

from partner_insights.errors import InputError
from partner_insights.server.http.response import PRIVATE, json_response, respond
from partner_insights.server.http.routes import DIRECTORY, TOKEN
from partner_insights.server.journal.client_verdict import check_codes, verdict

if TYPE_CHECKING:
    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.middleware import ApiMiddleware
    from partner_insights.server.settings import Settings

NOWHERE: Final = "none"
"""What a request to no operation, or one without a reply, is asked for by."""
_STATUS: Final = re.compile(r"[1-5](?:[0-9]{2}|xx)|none", re.ASCII)


class JournalViews:
    """What was seen of the client."""

    def __init__(self, middleware: ApiMiddleware, settings: Settings) -> None:
        self._middleware = middleware
        self._settings = settings

    def add_to(self, controls: Blueprint) -> None:
        """Put the journal and the verdict among the controls."""
        controls.add_url_rule("/journal", view_func=self.journal, methods=["GET"])
        controls.add_url_rule("/verdict", view_func=self.verdict, methods=["GET"])

    def journal(self) -> Response:
        """The entries, the oldest first: of `operation`, `status`, `customer`, after the number `since`.

        `last` keeps to the newest so many.
        """
        refused = refuse_several_workers(self._settings, "there is no journal: restart")
        if refused is not None:
            return refused
        try:
            wanted = self._wanted(request.args)
        except InputError as error:
            return json_error(400, str(error))
        journal = self._middleware.journal
        fitting = [entry for entry in journal.entries() if _fits(entry, wanted)]
        last = fitting[max(0, len(fitting) - int(wanted["last"])) :] if "last" in wanted else fitting
        return json_ok(
            {"entries": [journal.content(entry) for entry in last], "forgotten": journal.forgotten}
        )

    def verdict(self) -> Response:
        """What is to be said of the client's habits, but for the codes in `allow`."""
        refused = refuse_several_workers(self._settings, "there is no verdict: restart")
        if refused is not None:
            return refused
        unknown = request.args.keys() - {"allow"}
        allowed = {code for text in request.args.getlist("allow") for code in text.split(",") if code}
        try:
            if unknown:
                raise InputError(f"{min(unknown)!r} is no option of the verdict", remedy="use allow")
            check_codes(allowed)
        except InputError as error:
            return json_error(400, str(error))
        return json_ok(verdict(self._middleware.journal, self._middleware.paths.operations, allowed))

    def _wanted(self, query: Any) -> dict[str, str]:
        known = ("operation", "status", "customer", "since", "last")
        wanted = {name: value for name, value in query.items() if value}
        for name, value in wanted.items():
            if name not in known:
                raise InputError(f"{name!r} is no filter", remedy=f"use {', '.join(known)}")
            if name == "operation" and value not in (
                TOKEN,
                DIRECTORY,
                NOWHERE,
                *self._middleware.paths.operations,
            ):
                self._middleware.chooser.names.check_operation(value)
            if name == "status" and not _STATUS.fullmatch(value):
                raise InputError(f"{value!r} is no status", remedy="give one like 404, 4xx or none")
            if name in ("since", "last") and not (value.isascii() and value.isdigit() and len(value) < 16):
                raise InputError(f"{value!r} is no number of entries", remedy=f"give one like {name}=20")
        return wanted


def _fits(entry: Entry, wanted: dict[str, str]) -> bool:
    status = NOWHERE if entry.status is None else str(entry.status)
    seen = {
        "operation": (entry.route.operation or NOWHERE,),
        "status": (status, status[0] + "xx"),
        "customer": (entry.route.customer,),
    }
    if entry.number <= int(wanted.get("since", "0")):
        return False
    return all(wanted[name].lower() in values for name, values in seen.items() if name in wanted)


def refuse_several_workers(settings: Settings, words: str) -> Response | None:
    """None with one worker. Of several only one would hear of it: answers now one way, now the other."""
    if settings.workers == 1:
        return None
    return json_error(409, f"with several workers {words} with --workers 1")


def json_ok(content: Any, status: int = 200, *headers: tuple[str, str]) -> Response:
    """What was asked for, as JSON that is nobody else's: it may hold a token, and what clients sent."""
    return respond(json_response(content, status=status, headers=(*PRIVATE, *headers)))


def json_error(status: int, words: str) -> Response:
    """What is wrong, in words."""
    return json_ok({"error": words}, status)
