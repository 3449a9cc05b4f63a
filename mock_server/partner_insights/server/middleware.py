"""Every request → its answer, plain or with the fault that is due to it, and an entry in the journal."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.error_bodies import error_body
from partner_insights.server.faults.active_plans import Due, Plans
from partner_insights.server.faults.connection_faults import WIRE, hold
from partner_insights.server.faults.names import Known
from partner_insights.server.faults.plan import ANY, Fault, read_plan
from partner_insights.server.faults.prefer_header import preferred
from partner_insights.server.faults.random_faults import Weather
from partner_insights.server.faults.rate_limit import Throttle
from partner_insights.server.faults.status_faults import failure
from partner_insights.server.http.buffered import Caught
from partner_insights.server.http.request_headers import Asked, is_guid, new_guid
from partner_insights.server.http.response import json_answer
from partner_insights.server.http.routes import Addresses
from partner_insights.server.http.wire import fresh
from partner_insights.server.journal.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from partner_insights.contract import Catalogue
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.fast_path import Front
    from partner_insights.server.faults.mutant_faults import Wardrobe
    from partner_insights.server.http.routes import Address
    from partner_insights.server.journal.journal import Entry
    from partner_insights.server.state import State

_OURS: Final = re.compile(r"/*(?:_.*|openapi\.json|favicon\.ico)?", re.DOTALL)
"""The paths that are not of the API but of the fake."""


@dataclass
class Exchanges:
    """The layer around the application in which requests meet their faults."""

    application: WSGIApplication
    catalogue: Catalogue
    state: State
    tokens: Tokens
    front: Front
    plans: Plans = field(default_factory=Plans)
    throttle: Throttle = field(default_factory=Throttle)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        known = self.known_answer(environ)
        if known is not None:
            status, headers, body = known
            start_response(status, headers)
            return [body]
        if _OURS.fullmatch(environ.get("PATH_INFO", "")) or environ["REQUEST_METHOD"] == "OPTIONS":
            return self.application(environ, start_response)
        address = self.addresses.find(environ.get("PATH_INFO", ""))
        request_id = environ.get("HTTP_MS_REQUESTID", "")
        if not is_guid(request_id):
            request_id = new_guid()
        entry = self.journal.open(environ, address, request_id)
        environ["HTTP_MS_REQUESTID"] = request_id
        if self.plain(environ):
            return self._plainly(entry, environ, start_response)
        try:
            due = self._due(environ, entry)
        except KeyError:
            # A misspelt id would otherwise pass for a client that coped.
            words = "X-Fault-Plan names no plan of this fake"
            answer = json_answer(error_body("400", words), status=400)
            return self._send(Caught.of(answer, Asked.of(environ)), entry, environ, start_response)
        if self.state.scene.conditions.slow and address.operation in self.addresses.operations:
            hold(self.weather.latency(address))
        if due is None:
            return self._plainly(entry, environ, start_response)
        return self._at_fault(due, entry, environ, start_response)

    def known_answer(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes] | None:
        """Status, headers and body, where the request was answered before and is answered alike; else None.

        The lane of the ordinary answer: no Flask, and nothing that waits.
        """
        now = time.time()
        known = None if self.plans.for_all else self.front.find(environ, now)
        if known is None:
            return None
        sent, correlated = environ.get("HTTP_MS_REQUESTID"), environ.get("HTTP_MS_CORRELATIONID")
        if not ((sent is None or is_guid(sent)) and (correlated is None or is_guid(correlated))):
            return None
        request_id = sent or new_guid()
        self.journal.again(known.entry, now, request_id, sent, correlated)
        ids = fresh(request_id, correlated or new_guid())
        return known.status, [*known.before, *ids, *known.after], known.body

    def plain(self, environ: WSGIEnvironment) -> bool:
        """Whether nobody has asked for anything but the plain answer; a few look-ups, for each request."""
        return not (
            "HTTP_PREFER" in environ
            or "HTTP_X_FAULT_PLAN" in environ
            or self.plans.for_all
            or self.state.scene.conditions.troubled
        )

    def plan(self, content: Any) -> dict[str, Any]:
        """Put the plan of a JSON body in force; its account. InputError says what is wrong with it."""
        return self.plans.add(read_plan(content, self.known))

    def reset(self) -> None:
        """As if no request had ever come, nor any plan."""
        self.plans.clear()
        self.throttle.reset()
        self.weather.reset()
        self.journal.clear()

    def _plainly(
        self, entry: Entry, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        asked = self.front.look(environ) if self.plain(environ) else None

        def start(status: str, headers: Any, *error: Any) -> Any:
            entry.answer(int(status[:3]), headers, environ)
            if asked is not None and entry.address.operation in self.addresses.operations:
                self.front.keep(asked, status, headers, environ, entry)
            return start_response(status, headers, *error)

        return self.application(environ, start)

    def _due(self, environ: WSGIEnvironment, entry: Entry) -> Due | None:
        """The fault of this request: its own wish first, then what was planned, then what the day brings."""
        header = environ.get("HTTP_PREFER")
        wish = None if header is None else preferred(header, self.known)
        if wish is not None:
            return Due(*wish)
        address = entry.address
        due = self.plans.consume(environ.get("HTTP_X_FAULT_PLAN"), address, entry.request_id)
        conditions = self.state.scene.conditions
        if due is not None or address.operation not in self.addresses.operations:
            return due
        refusal = self.throttle.refuse(address.customer) if conditions.throttled else None
        if refusal is not None:
            entry.key = refusal.key
            return Due(Fault(ANY, code=429, retry_after=refusal.retry_after))
        fault = self.weather.fault(address) if conditions.flaky else None
        return None if fault is None else Due(fault)

    def _at_fault(
        self, due: Due, entry: Entry, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        fault, wire = due.fault, WIRE.get(due.fault.name or "")
        entry.fault = fault.name or f"code {fault.code}"
        caught = self._caught(due, entry.address, environ, plain=wire is not None)
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
            entry.silence()
        return pieces

    def _send(
        self, caught: Caught, entry: Entry, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        entry.answer(caught.status, caught.headers, {})
        entry.length = len(caught.body)
        if caught.header("Content-Encoding") is None:
            entry.keep_body(caught.body)
        return caught.send(environ, start_response)

    def _caught(self, due: Due, address: Address, environ: WSGIEnvironment, *, plain: bool) -> Caught:
        fault = due.fault
        if plain or fault.code == 200:
            # As GET, lest HEAD leave nothing to say the length of. What is cut short is not compressed first.
            inner = dict(environ)
            if environ["REQUEST_METHOD"] == "HEAD":
                inner["REQUEST_METHOD"] = "GET"
            if plain:
                inner.pop("HTTP_ACCEPT_ENCODING", None)
            return Caught.from_app(self.application, inner)
        if fault.code is not None:
            bom = self.state.scene.conditions.bom
            answer = failure(self.catalogue, address, fault.code, fault.retry_after, bom=bom)
            return Caught.of(answer, Asked.of(environ))
        return self.wardrobe.answer(environ, address, self.known.mutants[fault.name or ""], due.ordinal)

    @cached_property
    def addresses(self) -> Addresses:
        """What paths lead to."""
        return Addresses(self.catalogue.operations.values())

    @cached_property
    def known(self) -> Known:
        """What can be named."""
        return Known(self.catalogue, self.addresses, self.state)

    @cached_property
    def journal(self) -> Journal:
        """What was asked and answered."""
        return Journal(self.addresses)

    @cached_property
    def weather(self) -> Weather:
        """The seed's share of bad luck."""
        return Weather(self.state.scene.world.seed)

    @cached_property
    def wardrobe(self) -> Wardrobe:
        """What puts mutants on; loaded when the first one is asked for, as the catalogue of them is."""
        from partner_insights.server.faults.mutant_faults import Wardrobe

        return Wardrobe(self.application, self.catalogue, self.addresses, self.state, self.tokens)
