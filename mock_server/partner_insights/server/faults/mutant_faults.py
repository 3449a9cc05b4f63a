"""A good response and a mutant → the invalid response the mutant gives."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson
from msgspec import Struct
from msgspec.structs import replace

from partner_insights.contract.paths import fill
from partner_insights.mutants import MutableResponse, RequestContext
from partner_insights.server.auth.examples import example_subject
from partner_insights.server.auth.tokens import PARTNER_CENTER
from partner_insights.server.http.buffered import ENCODING, LENGTH, BufferedResponse
from partner_insights.server.http.request_headers import RequestHeaders
from partner_insights.server.http.response import BOM, MIN_GZIP_BYTES
from partner_insights.world.openapi_examples import Examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed.wsgi import WSGIEnvironment

    from partner_insights.contract import Catalogue
    from partner_insights.mutants import Mutant
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.http.routes import PathTable, RouteMatch
    from partner_insights.server.state import State


class MutantInjector(Struct, frozen=True):
    """Puts mutants on the answers of an application, which knows nothing of them."""

    respond: Callable[[WSGIEnvironment], BufferedResponse]
    """What answers a request without a fault."""
    catalogue: Catalogue
    paths: PathTable
    state: State
    tokens: Tokens

    def answer(
        self,
        environ: WSGIEnvironment,
        asked: WSGIEnvironment,
        route: RouteMatch,
        mutant: Mutant,
        ordinal: int,
    ) -> BufferedResponse:
        """What a service with this one fault answers to `environ`, by way of what it answers to `asked`."""
        method = environ["REQUEST_METHOD"]
        operation = self.paths.operations.get(route.operation or "")
        customer, authorization = _customer(environ, route), environ.get("HTTP_AUTHORIZATION")
        pairs = tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        now = datetime.now(UTC)
        request = RequestContext(
            self.catalogue, operation, method, customer, ordinal, authorization, pairs, now
        )
        if mutant.misread is not None and operation is not None and operation.id in mutant.operations:
            asked = asked | {"QUERY_STRING": urlencode(mutant.misread(pairs, operation))}
        good = self._admitted(asked, route, mutant, request)
        mutated = mutant.apply(MutableResponse(good.status, good.headers, good.body), request)
        return _squeezed(BufferedResponse(mutated.status, mutated.headers, mutated.body), environ)

    def _admitted(
        self, asked: WSGIEnvironment, route: RouteMatch, mutant: Mutant, request: RequestContext
    ) -> BufferedResponse:
        """The answer; a refusal that the mutant does not know is avoided by changing the request."""
        for _ in range(len(_REPAIRS) + 1):
            caught = self.respond(dict(asked))
            case = _case(caught) if mutant.admits and mutant.when(request) else None
            if case is None or case not in mutant.admits:
                break
            asked = asked | _REPAIRS[case](self, asked, route)
        return caught

    def with_token(self, asked: WSGIEnvironment, route: RouteMatch) -> dict[str, Any]:
        """With the token of a user."""
        token = self.tokens.access(example_subject(self.state.scene.identity), PARTNER_CENTER)
        return {"HTTP_AUTHORIZATION": f"Bearer {token}"}

    def with_valid_path(self, asked: WSGIEnvironment, route: RouteMatch) -> dict[str, Any]:
        """At an operation that is there, about a customer that is."""
        found = route.operation or self.paths.closest(asked["PATH_INFO"])[0].id
        operation, world = self.paths.operations[found], self.state.scene.world
        return {"PATH_INFO": fill(operation.path, Examples(self.catalogue, world).values(operation))}


_REPAIRS: Final[Mapping[str, Callable[[MutantInjector, WSGIEnvironment, RouteMatch], dict[str, Any]]]] = {
    "unauthenticated": MutantInjector.with_token,
    "app-only": MutantInjector.with_token,
    "malformed-customer": MutantInjector.with_valid_path,
    "unknown-customer": MutantInjector.with_valid_path,
    "not-found": MutantInjector.with_valid_path,
    "method-not-allowed": lambda *_: {"REQUEST_METHOD": "GET"},
    "not-acceptable": lambda *_: {"HTTP_ACCEPT": "application/json"},
    "invalid-query": lambda *_: {"QUERY_STRING": ""},
}
"""Refusal case → what to change about the request so that it is not refused for that."""


def _case(caught: BufferedResponse) -> str | None:
    """Which refusal it is."""
    if caught.status < 400:
        return None
    body = orjson.loads(caught.body.removeprefix(BOM) or b"{}")
    if caught.status == 400:
        return "malformed-customer" if body.get("data") == ["customer-id"] else "invalid-query"
    if caught.status == 404:
        return "not-found" if body.get("code") == "1000" else "unknown-customer"
    cases = {401: "unauthenticated", 403: "app-only", 405: "method-not-allowed", 406: "not-acceptable"}
    return cases.get(caught.status)


def _customer(environ: WSGIEnvironment, route: RouteMatch) -> str | None:
    """The customer in the letters of the path."""
    if route.customer is None:
        return None
    sent = (part for part in environ["PATH_INFO"].split("/") if part.lower() == route.customer)
    return next(sent, route.customer)


def _squeezed(caught: BufferedResponse, environ: WSGIEnvironment) -> BufferedResponse:
    # Compressed as a good answer is; a mutant that says how the body is encoded has its way.
    if len(caught.body) < MIN_GZIP_BYTES or caught.header(ENCODING) is not None:
        return caught
    if caught.header(LENGTH) is not None or not RequestHeaders.of(environ).takes_gzip:
        return caught
    body = gzip.compress(caught.body, compresslevel=6, mtime=0)
    return replace(caught, headers=(*caught.headers, ("Content-Encoding", "gzip")), body=body)
