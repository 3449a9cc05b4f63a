"""Every request → what happens on the wire: the response, plain or with a fault; and a journal entry."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from partner_insights.contract.error_bodies import error_body
from partner_insights.server.auth.endpoints import directory_failure, error_json
from partner_insights.server.faults.chooser import FaultChooser
from partner_insights.server.faults.connection_faults import CONNECTION_FAULTS
from partner_insights.server.faults.status_faults import status_response
from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.delivery import Delivery, Head, Wait, deliver
from partner_insights.server.http.errors import http_error_response
from partner_insights.server.http.request_headers import RequestHeaders, is_guid, new_guid
from partner_insights.server.http.response import json_response
from partner_insights.server.http.routes import PathTable
from partner_insights.server.journal.journal import Entry, Journal
from partner_insights.server.response_cache import has_body, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.exceptions import HTTPException

    from partner_insights.contract import Catalogue
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.cors import Cors
    from partner_insights.server.faults.active_plans import MatchedFault
    from partner_insights.server.faults.mutant_faults import MutantInjector
    from partner_insights.server.http.delivery import Headers, Step
    from partner_insights.server.response_cache import CachedResponse, CacheKey, ResponseCache
    from partner_insights.server.state import State

_OURS: Final = re.compile(r"/*(?:_.*|openapi\.json|favicon\.ico)?", re.DOTALL)
"""The paths that are not of the API but of the fake."""
_ASKS_FOR_FAULTS: Final = frozenset({"HTTP_PREFER", "HTTP_X_FAULT_PLAN"})


@dataclass(slots=True)
class Exchange:
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


@dataclass
class ApiMiddleware:
    """The layer around the application in which requests meet their faults."""

    application: WSGIApplication
    catalogue: Catalogue
    state: State
    tokens: Tokens
    cache: ResponseCache
    cors: Cors | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request as a WSGI application."""
        return deliver(self.delivery(self.begin(environ)), start_response)

    def repeat(
        self, key: CacheKey, sent_id: str | None, correlation_id: str | None, origin: str | None
    ) -> tuple[CachedResponse, Headers] | None:
        """The response to a request that was answered before, and its headers; None where it is not known.

        The fast path of the ordinary response: no Flask, and nothing that waits.
        """
        chooser = self.chooser
        if chooser.plans.for_all or chooser.state.scene.conditions.per_request:
            return None
        cached = self.cache.find(key)
        if cached is None or not (
            (sent_id is None or is_guid(sent_id)) and (correlation_id is None or is_guid(correlation_id))
        ):
            return None
        request_id = sent_id or new_guid()
        self.journal.add_repeat(cached.entry, request_id, sent_id, correlation_id)
        headers = cached.headers(request_id, correlation_id or new_guid())
        return cached, headers if self.cors is None else self.cors.open(headers, origin)

    def begin(self, environ: WSGIEnvironment) -> Exchange:
        """Take a request down and choose its fault: quickly, and in the order in which requests arrive."""
        path = environ.get("PATH_INFO", "")
        if self.cors is not None and self.cors.is_preflight(environ):
            response = BufferedResponse(204, self.cors.preflight(environ), b"")
            return Exchange(environ, environ, response=response)
        if _OURS.fullmatch(path) or environ["REQUEST_METHOD"] == "OPTIONS":
            return Exchange(environ, environ)
        request_id = environ.get("HTTP_MS_REQUESTID", "")
        if not is_guid(request_id):
            request_id = new_guid()
        entry = self.journal.open(environ, self.paths.find(path), request_id)
        environ["HTTP_MS_REQUESTID"] = request_id
        exchange = Exchange(environ, environ, entry)
        if not self.chooser.has_no_fault(environ):
            self._choose(exchange, entry)
        return exchange

    def _choose(self, exchange: Exchange, entry: Entry) -> None:
        environ = exchange.environ
        try:
            exchange.matched = self.chooser.choose(environ, entry)
        except KeyError:
            # A misspelt id would otherwise pass for a client that coped.
            words = "X-Fault-Plan names no plan of this fake"
            answer = json_response(error_body("400", words), status=400)
            exchange.response = BufferedResponse.of(answer, RequestHeaders.of(environ))
            return
        exchange.latency = self.chooser.latency(entry)
        if exchange.matched is None and not _ASKS_FOR_FAULTS & environ.keys():
            return
        exchange.asked = {name: environ[name] for name in environ if name not in _ASKS_FOR_FAULTS}
        if exchange.matched is None:
            return
        fault = exchange.matched.fault
        entry.fault = fault.name or f"code {fault.code}"
        if fault.code not in (None, 200):
            bom = self.state.scene.conditions.bom
            answer = status_response(self.catalogue, entry.route, fault.code, fault.retry_after, bom=bom)
            exchange.response = BufferedResponse.of(answer, RequestHeaders.of(environ))
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
            exchange.cached = self.cache.find(key_of(exchange.asked))
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
        if matched is not None and matched.applied is not None:
            headers = (*response.headers, ("Preference-Applied", matched.applied))
            response = replace(response, headers=headers)
        fault = None if matched is None else CONNECTION_FAULTS.get(matched.fault.name or "")
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
        key, scene = key_of(asked), self.state.scene
        cached = self.cache.find(key)
        if cached is not None:
            return _repeated(cached, asked)
        route = self.paths.find(asked.get("PATH_INFO", ""))
        cacheable = (
            route.operation in self.paths.operations and not has_body(asked) and f"{key[1]}{key[2]}".isascii()
        )
        template = Entry(0, asked, route, "")  # before the application changes anything
        response = BufferedResponse.from_app(self.application, asked)
        if cacheable:
            template.answer(response.status, response.head().headers, response.content)
            self.cache.store(key, scene, response, asked.get("HTTP_AUTHORIZATION"), template)
        return response

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
        cors = self.cors
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
        return FaultChooser(self.catalogue, self.paths, self.state)

    @cached_property
    def journal(self) -> Journal:
        """What was requested and answered."""
        return Journal(self.paths)

    @cached_property
    def mutant_injector(self) -> MutantInjector:
        """What applies mutants; loaded when the first one is wanted, as the catalogue of them is."""
        from partner_insights.server.faults.mutant_faults import MutantInjector

        return MutantInjector(self.respond, self.catalogue, self.paths, self.state, self.tokens)


def _repeated(cached: CachedResponse, environ: WSGIEnvironment) -> BufferedResponse:
    """A response given before, under the ids of this request."""
    ids = (environ.get(name, "") for name in ("HTTP_MS_REQUESTID", "HTTP_MS_CORRELATIONID"))
    return cached.response(*(each if is_guid(each) else new_guid() for each in ids))
