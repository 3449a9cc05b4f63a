"""Journal and verdict of a fake → the controls that show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flask import request

from partner_insights.errors import InputError
from partner_insights.server.admin.controls import Control, json_ok
from partner_insights.server.http.routes import DIRECTORY, TOKEN
from partner_insights.server.journal.client_verdict import check_codes, verdict

if TYPE_CHECKING:
    from flask import Response

    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.middleware import ApiMiddleware

NOWHERE: Final = "none"
"""What a request to no operation, or one without a reply, is asked for by."""
_STATUS: Final = re.compile(r"[1-5](?:[0-9]{2}|xx)|none", re.ASCII)


class JournalViews:
    """What was seen of the client."""

    def __init__(self, middleware: ApiMiddleware) -> None:
        self._middleware = middleware

    def controls(self) -> tuple[Control, ...]:
        """The journal and the verdict."""
        return (
            Control("/journal", "GET", self.journal, "there is no journal: restart"),
            Control("/verdict", "GET", self.verdict, "there is no verdict: restart"),
        )

    def journal(self) -> Response:
        """The entries, the oldest first: of `operation`, `status`, `customer`, after the number `since`.

        `last` keeps to the newest so many.
        """
        wanted = self._wanted(request.args)
        journal = self._middleware.journal
        fitting = [entry for entry in journal.entries() if _fits(entry, wanted)]
        last = fitting[max(0, len(fitting) - int(wanted["last"])) :] if "last" in wanted else fitting
        return json_ok(
            {"entries": [journal.content(entry) for entry in last], "forgotten": journal.forgotten}
        )

    def verdict(self) -> Response:
        """What is to be said of the client's habits, but for the codes in `allow`."""
        unknown = request.args.keys() - {"allow"}
        allowed = {code for text in request.args.getlist("allow") for code in text.split(",") if code}
        if unknown:
            raise InputError(f"{min(unknown)!r} is no option of the verdict", remedy="use allow")
        check_codes(allowed)
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
