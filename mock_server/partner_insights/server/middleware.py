"""Every request → its answer, plain or with the fault that is due to it, and an entry in the journal."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.error_bodies import error_body
from partner_insights.server.faults.chooser import FaultChooser
from partner_insights.server.faults.connection_faults import CONNECTION_FAULTS, sleep_bounded
from partner_insights.server.faults.status_faults import status_response
from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.request_headers import RequestHeaders, is_guid, new_guid
from partner_insights.server.http.response import id_headers, json_response
from partner_insights.server.http.routes import PathTable
from partner_insights.server.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from partner_insights.contract import Catalogue
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.faults.active_plans import MatchedFault
    from partner_insights.server.faults.mutant_faults import MutantInjector
    from partner_insights.server.http.routes import RouteMatch
    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.response_cache import ResponseCache
    from partner_insights.server.state import State

_OURS: Final = re.compile(r"/*(?:_.*|openapi\.json|favicon\.ico)?", re.DOTALL)
"""The paths that are not of the API but of the fake."""


@dataclass
class ApiMiddleware:
    """The layer around the application in which requests meet their faults."""

    application: WSGIApplication
    catalogue: Catalogue
    state: State
    tokens: Tokens
    cache: ResponseCache

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        known = self.known_answer(environ)
        if known is not None:
            status, headers, body = known
            start_response(status, headers)
            return [body]
        if _OURS.fullmatch(environ.get("PATH_INFO", "")) or environ["REQUEST_METHOD"] == "OPTIONS":
            return self.application(environ, start_response)
        route = self.paths.find(environ.get("PATH_INFO", ""))
        request_id = environ.get("HTTP_MS_REQUESTID", "")
        if not is_guid(request_id):
            request_id = new_guid()
        entry = self.journal.open(environ, route, request_id)
        environ["HTTP_MS_REQUESTID"] = request_id
        if self.chooser.has_no_fault(environ):
            return self._forward(entry, environ, start_response)
        try:
            due = self.chooser.choose(environ, entry)
        except KeyError:
            # A misspelt id would otherwise pass for a client that coped.
            words = "X-Fault-Plan names no plan of this fake"
            answer = json_response(error_body("400", words), status=400)
            return self._send(
                BufferedResponse.of(answer, RequestHeaders.of(environ)), entry, environ, start_response
            )
        latency = self.chooser.latency(entry)
        if latency:
            sleep_bounded(latency)
        if due is None:
            return self._forward(entry, environ, start_response)
        return self._inject(due, entry, environ, start_response)

    def known_answer(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes] | None:
        """Status, headers and body, where the request was answered before and is answered alike; else None.

        The lane of the ordinary answer: no Flask, and nothing that waits.
        """
        now = time.time()
        known = None if self.chooser.plans.for_all else self.cache.find(environ, now)
        if known is None:
            return None
        sent, correlated = environ.get("HTTP_MS_REQUESTID"), environ.get("HTTP_MS_CORRELATIONID")
        if not ((sent is None or is_guid(sent)) and (correlated is None or is_guid(correlated))):
            return None
        request_id = sent or new_guid()
        self.journal.add_repeat(known.entry, now, request_id, sent, correlated)
        ids = id_headers(request_id, correlated or new_guid())
        return known.status, [*known.before, *ids, *known.after], known.body

    def reset(self) -> None:
        """As if no request had ever come, nor any plan."""
        self.chooser.reset()
        self.journal.clear()

    def _forward(
        self, entry: Entry, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        asked = self.cache.look(environ) if self.chooser.has_no_fault(environ) else None

        def start(status: str, headers: Any, *error: Any) -> Any:
            entry.answer(int(status[:3]), headers, environ)
            if asked is not None and entry.route.operation in self.paths.operations:
                self.cache.keep(asked, status, headers, environ, entry)
            return start_response(status, headers, *error)

        return self.application(environ, start)

    def _inject(
        self, due: MatchedFault, entry: Entry, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        fault, wire = due.fault, CONNECTION_FAULTS.get(due.fault.name or "")
        entry.fault = fault.name or f"code {fault.code}"
        caught = self._buffered(due, entry.route, environ, plain=wire is not None)
        if due.applied is not None:
            caught = replace(caught, headers=(*caught.headers, ("Preference-Applied", due.applied)))
        if wire is None:
            return self._send(caught, entry, environ, start_response)

        def start(status: str, headers: Any, *error: Any) -> Any:
            entry.answer(int(status[:3]), headers, {})
            return start_response(status, headers, *error)

        seconds = wire.seconds if fault.seconds is None else fault.seconds
        entry.keep_body(caught.body)
        pieces = wire.send(caught, seconds, environ, start)
        if not wire.answers:
            entry.no_reply()
        return pieces

    def _send(
        self, caught: BufferedResponse, entry: Entry, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        entry.answer(caught.status, caught.headers, {})
        entry.length = len(caught.body)
        if caught.header("Content-Encoding") is None:
            entry.keep_body(caught.body)
        return caught.send(environ, start_response)

    def _buffered(
        self, due: MatchedFault, route: RouteMatch, environ: WSGIEnvironment, *, plain: bool
    ) -> BufferedResponse:
        fault = due.fault
        if plain or fault.code == 200:
            # As GET, lest HEAD leave nothing to say the length of. What is cut short is not compressed first.
            inner = dict(environ)
            if environ["REQUEST_METHOD"] == "HEAD":
                inner["REQUEST_METHOD"] = "GET"
            if plain:
                inner.pop("HTTP_ACCEPT_ENCODING", None)
            return BufferedResponse.from_app(self.application, inner)
        if fault.code is not None:
            bom = self.state.scene.conditions.bom
            answer = status_response(self.catalogue, route, fault.code, fault.retry_after, bom=bom)
            return BufferedResponse.of(answer, RequestHeaders.of(environ))
        return self.mutant_injector.answer(
            environ, route, self.chooser.names.mutants[fault.name or ""], due.ordinal
        )

    @cached_property
    def paths(self) -> PathTable:
        """What paths lead to."""
        return PathTable(self.catalogue.operations.values())

    @cached_property
    def chooser(self) -> FaultChooser:
        """What decides on the faults."""
        return FaultChooser(self.catalogue, self.paths, self.state)

    @cached_property
    def journal(self) -> Journal:
        """What was asked and answered."""
        return Journal(self.paths)

    @cached_property
    def mutant_injector(self) -> MutantInjector:
        """What puts mutants on; loaded when the first one is asked for, as the catalogue of them is."""
        from partner_insights.server.faults.mutant_faults import MutantInjector

        return MutantInjector(self.application, self.catalogue, self.paths, self.state, self.tokens)
