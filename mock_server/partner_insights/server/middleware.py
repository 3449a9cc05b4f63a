"""Every request → what happens on the wire: the response, plain or with a fault; and a journal entry."""

from __future__ import annotations

import re
from copy import copy
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from partner_insights.contract.error_bodies import error_body
from partner_insights.server.auth.endpoints import directory_failure, error_json
from partner_insights.server.faults.chooser import FaultChooser
from partner_insights.server.faults.connection_faults import CONNECTION_FAULTS
from partner_insights.server.faults.status_faults import status_response
from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.delivery import Delivery, Head, Wait, deliver, field_lines
from partner_insights.server.http.errors import http_error_response
from partner_insights.server.http.request_headers import (
    RequestHeaders,
    guid_or_new,
    new_guid,
    request_origin,
)
from partner_insights.server.http.response import json_response
from partner_insights.server.http.routes import PathTable
from partner_insights.server.journal.journal import Entry, HeldEntry, Journal
from partner_insights.server.response_cache import AUTHORIZATION, has_body, key_of
from partner_insights.server.sessions import (
    ENVIRON_HEADER,
    JOURNAL_ENTRIES,
    PREFIX,
    UnknownSession,
    root_of,
    unknown_session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.exceptions import HTTPException

    from partner_insights.contract import Catalogue
    from partner_insights.server.access import Access
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.faults.active_plans import MatchedFault
    from partner_insights.server.faults.chooser import Choice
    from partner_insights.server.faults.mutant_faults import MutantInjector
    from partner_insights.server.http.delivery import Step
    from partner_insights.server.http.routes import RouteMatch
    from partner_insights.server.response_cache import CachedResponse, CacheKey, Meets, ResponseCache
    from partner_insights.server.sessions import Sessions
    from partner_insights.server.state import Snapshot, State

_OURS: Final = re.compile(r"/*(?:_.*|openapi\.json|favicon\.ico)?", re.DOTALL)
"""The paths that are not of the API but of the fake."""
_ASKS_FOR_FAULTS: Final = frozenset({"HTTP_PREFER", "HTTP_X_FAULT_PLAN"})


class Repeat(NamedTuple):
    """A response that was given before, for one more request."""

    status: int
    lines: bytes
    """The headers, as they go over the wire."""
    body: bytes
    latency: float
    """Seconds until it begins."""
    held: HeldEntry | None
    """The entry that is to be told when that is."""


class Exchange(Struct):
    """A request that has arrived, and what was decided on it at once."""

    environ: WSGIEnvironment
    asked: WSGIEnvironment
    """What is asked of the application: `environ` without what asks for faults, or is in their way."""
    entry: Entry | None = None
    """Of the journal; None for what is not of the API."""
    matched: MatchedFault | None = None
    latency: float = 0.0
    response: BufferedResponse | None = None
    """Where it is decided already; a fault may still work on it."""
    cached: CachedResponse | None = None
    """What an equal request was answered before."""

    @property
    def mutant(self) -> str | None:
        """The name of a fault that is a mutant."""
        name = None if self.matched is None else self.matched.fault.name
        return None if name in CONNECTION_FAULTS else name


class ApiMiddleware(Struct, dict=True):
    """The layer around the application in which requests meet their faults."""

    application: WSGIApplication
    catalogue: Catalogue
    state: State
    tokens: Tokens
    cache: ResponseCache
    access: Access
    sessions: Sessions[ApiMiddleware] | None = None
    """Those of this fake; None for one of them."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request as a WSGI application."""
        session_id, path = environ.get(ENVIRON_HEADER), environ.get("PATH_INFO", "")
        if self.sessions is None or (session_id is None and not path.startswith(PREFIX)):
            return deliver(self.delivery(self.begin(environ)), start_response)
        environ["SCRIPT_NAME"] = root_of(path)
        try:
            session, environ["PATH_INFO"] = self.sessions.route(path, session_id)
        except UnknownSession as unknown:
            return deliver(self.without_session(environ, str(unknown)), start_response)
        middleware = session or self
        return deliver(middleware.delivery(middleware.begin(environ)), start_response)

    def without_session(self, environ: WSGIEnvironment, session_id: str) -> Delivery:
        """What is said to a request of a session there is not, where it may ask at all."""
        refused = self.access.refusal(environ)
        if refused is None:
            response = unknown_session(session_id)
        else:
            response = BufferedResponse.of(refused, RequestHeaders.of(environ))
        return Delivery(response.steps(environ["REQUEST_METHOD"]))

    def repeat(
        self, key: CacheKey, sent_id: str | None, correlation_id: str | None, origin: str | None
    ) -> Repeat | Choice | None:
        """The response to a request that was answered alike before; None where none like it was.

        The fast path: no Flask, and nothing that waits. Ids that were sent are GUIDs. A choice is the fault
        of the request, which is consumed, where this is the first to meet it.
        """
        known = self.cache.find(key)
        if known is None:
            return None
        choice = self.chooser.choose(known.route, sent_id or new_guid(), authorization=key[AUTHORIZATION])
        request_id, matched, latency = choice
        cached = known.response(None if matched is None else (matched.fault, matched.quota))
        if cached is None:
            return choice
        held, noted = None, (request_id, sent_id, correlation_id)
        if latency:
            held = self.journal.hold_repeat(cached.entry, *noted)
        else:
            self.journal.add_repeat(cached.entry, *noted)
        ids = request_id, correlation_id or new_guid()
        cors = self.access.cors
        lines = cached.lines(*ids) if cors is None else field_lines(cors.open(cached.headers(*ids), origin))
        return Repeat(cached.status, lines, cached.body, latency, held)

    def begin(self, environ: WSGIEnvironment, choice: Choice | None = None) -> Exchange:
        """Take a request down and choose its fault: quickly, and in the order in which requests arrive.

        `choice` is what was chosen already.
        """
        path, cors = environ.get("PATH_INFO", ""), self.access.cors
        refused = self.access.refusal(environ)
        if refused is not None:
            response = BufferedResponse.of(refused, RequestHeaders.of(environ))
            return Exchange(environ, environ, response=response)
        if cors is not None and cors.is_preflight(environ):
            response = BufferedResponse(204, cors.preflight(environ), b"")
            return Exchange(environ, environ, response=response)
        if _OURS.fullmatch(path) or environ["REQUEST_METHOD"] == "OPTIONS":
            return Exchange(environ, environ)
        request_id = environ.get("HTTP_MS_REQUESTID", "") if choice is None else choice.request_id
        request_id = guid_or_new(request_id)
        entry = self.journal.open(environ, self.paths.find(path), request_id)
        environ["HTTP_MS_REQUESTID"] = request_id
        exchange = Exchange(environ, environ, entry)
        self._choose(exchange, entry, choice)
        return exchange

    def _choose(self, exchange: Exchange, entry: Entry, choice: Choice | None) -> None:
        environ, scene = exchange.environ, self.state.scene
        asks = _ASKS_FOR_FAULTS & environ.keys()
        try:
            choice = choice or self.chooser.choose(
                entry.route,
                entry.request_id,
                environ.get("HTTP_PREFER"),
                environ.get("HTTP_X_FAULT_PLAN"),
                environ.get("HTTP_AUTHORIZATION"),
            )
        except KeyError:
            # A misspelt id would otherwise pass for a client that coped.
            words = "X-Fault-Plan names no plan of this fake"
            answer = json_response(error_body("400", words), status=400)
            exchange.response = BufferedResponse.of(answer, RequestHeaders.of(environ))
            return
        exchange.matched, exchange.latency = choice.matched, choice.latency
        if exchange.matched is None and not asks:
            return
        exchange.asked = {name: environ[name] for name in environ if name not in _ASKS_FOR_FAULTS}
        if exchange.matched is None:
            return
        fault, quota = exchange.matched.fault, exchange.matched.quota
        entry.fault, entry.key = fault.name or f"code {fault.code}", quota
        if fault.code not in (None, 200):
            bom = scene.conditions.bom
            answer = status_response(self.catalogue, entry.route, fault.code, fault.retry_after, bom=bom)
            response = exchange.response = BufferedResponse.of(answer, RequestHeaders.of(environ))
            if not asks and environ["REQUEST_METHOD"] == "GET" and self._is_repeatable(environ, entry.route):
                self._store(environ, scene, response, copy(entry), (fault, quota))
        if environ["REQUEST_METHOD"] == "HEAD":
            exchange.asked["REQUEST_METHOD"] = "GET"  # or there is nothing to say the length of
        if fault.code is None:
            exchange.asked.pop("HTTP_ACCEPT_ENCODING", None)  # a fault works on the body as it is

    def refuse(self, exchange: Exchange, error: HTTPException) -> Delivery:
        """What happens where the body of the request cannot be read."""
        entry = exchange.entry
        refused = directory_failure(error) if entry is not None and entry.route.is_directory else None
        answer = http_error_response(error) if refused is None else error_json(refused)
        exchange.response = BufferedResponse.of(answer, RequestHeaders.of(exchange.environ))
        exchange.matched = None
        return self.delivery(exchange)

    def needs_flask(self, exchange: Exchange) -> bool:
        """Whether the response has to be worked out; otherwise it is there in no time."""
        if exchange.response is not None:
            return False
        if exchange.entry is not None and exchange.mutant is None:
            exchange.cached = self._cached(exchange.asked)
        return exchange.cached is None

    def delivery(self, exchange: Exchange) -> Delivery:
        """What happens on the wire."""
        environ, entry, response = exchange.environ, exchange.entry, exchange.response
        method = environ["REQUEST_METHOD"]
        if entry is None:
            if response is not None:
                return Delivery(response.steps(method))
            return self._open(environ, BufferedResponse.from_app(self.application, environ).steps(method))
        if response is None and exchange.mutant is not None and exchange.matched is not None:
            mutant = self.chooser.names.mutants[exchange.mutant]
            ordinal = exchange.matched.ordinal
            response = self.mutant_injector.answer(environ, exchange.asked, entry.route, mutant, ordinal)
        elif response is None and exchange.cached is not None:
            response = _repeated(exchange.cached, environ)
        elif response is None:
            response = self.respond(exchange.asked)
        steps, begins = self._steps(exchange, response, entry)
        waits = (Wait(exchange.latency),) if exchange.latency else ()
        return self._open(environ, (*waits, *steps), begins)

    def _steps(
        self, exchange: Exchange, response: BufferedResponse, entry: Entry
    ) -> tuple[tuple[Step, ...], Callable[[], None]]:
        """What happens to the response, and to the entry when it begins."""
        matched, method = exchange.matched, exchange.environ["REQUEST_METHOD"]
        fault = None if matched is None else CONNECTION_FAULTS.get(matched.fault.name or "")
        if fault is not None:
            response = fault.change(response, request_origin(exchange.environ))
        if matched is not None and matched.applied is not None:
            headers = (*response.headers, ("Preference-Applied", matched.applied))
            response = replace(response, headers=headers)
        if matched is None or fault is None:
            steps = response.steps(method)
        else:
            steps = fault.apply(response, matched.fault.seconds, method)
        head = next((step for step in steps if isinstance(step, Head)), None)
        if head is None:
            return steps, entry.no_reply
        return steps, partial(entry.answer, head.status, head.headers, response.content, response.note)

    def respond(self, asked: WSGIEnvironment) -> BufferedResponse:
        """What the application answers, or has answered to an equal request."""
        scene, cached = self.state.scene, self._cached(asked)
        if cached is not None:
            return _repeated(cached, asked)
        route = self.paths.find(asked.get("PATH_INFO", ""))
        before = asked.copy()  # the application changes it
        template = Entry.of(0, asked, route, "")
        response = BufferedResponse.from_app(self.application, asked)
        if self._is_repeatable(before, route) and not self._says_where(before, response):
            self._store(before, scene, response, template)
        return response

    def _cached(self, asked: WSGIEnvironment) -> CachedResponse | None:
        known = self.cache.find(key_of(asked))
        return None if known is None else known.response()

    def _is_repeatable(self, asked: WSGIEnvironment, route: RouteMatch) -> bool:
        path, query = asked.get("PATH_INFO", ""), asked.get("QUERY_STRING", "")
        return route.operation in self.paths.operations and not has_body(asked) and f"{path}{query}".isascii()

    def _says_where(self, asked: WSGIEnvironment, response: BufferedResponse) -> bool:
        """Whether it has the address of a session, which has two: by a header, and by the path."""
        return self.sessions is None and request_origin(asked).encode() in (response.content or response.body)

    def _store(
        self,
        asked: WSGIEnvironment,
        scene: Snapshot,
        response: BufferedResponse,
        template: Entry,
        meets: Meets = None,
    ) -> None:
        template.answer(response.status, response.head().headers, response.content)
        authorization = asked.get("HTTP_AUTHORIZATION")
        self.cache.store(key_of(asked), scene, response, authorization, template, meets)

    def reset(self) -> None:
        """As if no request had ever come, nor any plan."""
        self.chooser.reset()
        self.journal.clear()

    def _open(
        self,
        environ: WSGIEnvironment,
        steps: tuple[Step, ...],
        begins: Callable[[], None] = lambda: None,
    ) -> Delivery:
        """The delivery, readable for pages of the origins that may read it."""
        cors = self.access.cors
        if cors is not None and cors.is_for(environ):
            origin = environ.get("HTTP_ORIGIN")
            steps = tuple(
                Head(step.status, cors.open(step.headers, origin)) if isinstance(step, Head) else step
                for step in steps
            )
        return Delivery(steps, begins)

    @cached_property
    def paths(self) -> PathTable:
        """What paths lead to."""
        return PathTable(self.catalogue.operations.values())

    @cached_property
    def chooser(self) -> FaultChooser:
        """What decides on the faults."""
        return FaultChooser(self.catalogue, self.paths, self.state, self.cache.gate.partner)

    @cached_property
    def journal(self) -> Journal:
        """What was requested and answered."""
        return Journal(self.paths) if self.sessions is not None else Journal(self.paths, JOURNAL_ENTRIES)

    @cached_property
    def mutant_injector(self) -> MutantInjector:
        """What applies mutants; loaded when the first one is wanted, as the catalogue of them is."""
        from partner_insights.server.faults.mutant_faults import MutantInjector

        return MutantInjector(self.respond, self.catalogue, self.paths, self.state, self.tokens)


def _repeated(cached: CachedResponse, environ: WSGIEnvironment) -> BufferedResponse:
    """A response given before, under the ids of this request."""
    ids = (environ.get(name, "") for name in ("HTTP_MS_REQUESTID", "HTTP_MS_CORRELATIONID"))
    return cached.response(*map(guid_or_new, ids))
