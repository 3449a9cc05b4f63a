"""Every request → its answer: plainly the application's, or with the fault that is due to it."""

from __future__ import annotations

import difflib
import re
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from partner_insights.contract.refusals import error_body
from partner_insights.errors import InputError
from partner_insights.server.addresses import TOKEN, Addresses
from partner_insights.server.answer import json_answer
from partner_insights.server.asked import Asked, is_guid
from partner_insights.server.faults.caught import Caught
from partner_insights.server.faults.failures import failure
from partner_insights.server.faults.planned import read_plan
from partner_insights.server.faults.plans import Due, Plans
from partner_insights.server.faults.prefer import preferred
from partner_insights.server.faults.wire import WIRE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from partner_insights.contract import Catalogue
    from partner_insights.server.addresses import Address
    from partner_insights.server.faults.wearing import Wardrobe
    from partner_insights.server.state import State
    from partner_insights.server.tokens import Tokens
    from partner_insights.world.mutants import Mutant

_OURS: Final = re.compile(r"/*(?:_.*|openapi\.json|favicon\.ico)?", re.DOTALL)
"""The paths that are not of the API but of the fake."""


@dataclass
class Exchanges:
    """The layer around the application in which requests meet their faults."""

    application: WSGIApplication
    catalogue: Catalogue
    state: State
    tokens: Tokens
    plans: Plans = field(default_factory=Plans)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if not self.plans.for_all and "HTTP_X_FAULT_PLAN" not in environ and "HTTP_PREFER" not in environ:
            return self.application(environ, start_response)
        if _OURS.fullmatch(environ.get("PATH_INFO", "")) or environ["REQUEST_METHOD"] == "OPTIONS":
            return self.application(environ, start_response)
        request_id = environ.get("HTTP_MS_REQUESTID", "")
        if not is_guid(request_id):
            request_id = environ["HTTP_MS_REQUESTID"] = str(uuid.uuid4())
        address = self.addresses.find(environ.get("PATH_INFO", ""))
        try:
            due = self._due(environ, address, request_id)
        except KeyError:
            # A misspelt id would otherwise pass for a client that coped.
            words = "X-Fault-Plan names no plan of this fake"
            answer = json_answer(error_body("400", words), status=400)
            return Caught.of(answer, Asked.of(environ)).send(environ, start_response)
        if due is None:
            return self.application(environ, start_response)
        return self._at_fault(due, address, environ, start_response)

    def _due(self, environ: WSGIEnvironment, address: Address, request_id: str) -> Due | None:
        """What the request asks for itself comes before what was planned for it."""
        header = environ.get("HTTP_PREFER")
        wish = None if header is None else preferred(header, self)
        if wish is not None:
            return Due(*wish)
        return self.plans.consume(environ.get("HTTP_X_FAULT_PLAN"), address, request_id)

    def reset(self) -> None:
        """Forget every plan."""
        self.plans.clear()

    def faults(self) -> list[dict[str, str]]:
        """Every fault that can be asked for by name, with a line each."""
        wire = [{"name": each.id, "description": each.title} for each in WIRE.values()]
        return wire + [{"name": each.id, "description": each.title} for each in self.mutants.values()]

    def plan(self, content: Any) -> dict[str, Any]:
        """Put the plan of a JSON body in force; its account. InputError says what is wrong with it."""
        return self.plans.add(read_plan(content, self))

    def _at_fault(
        self, due: Due, address: Address, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        wire = WIRE.get(due.fault.name or "")
        caught = self._caught(due, address, environ, plain=wire is not None)
        if due.applied is not None:
            caught = replace(caught, headers=(*caught.headers, ("Preference-Applied", due.applied)))
        if wire is None:
            return caught.send(environ, start_response)
        seconds = wire.seconds if due.fault.seconds is None else due.fault.seconds
        return wire.send(caught, seconds, environ, start_response)

    def _caught(self, due: Due, address: Address, environ: WSGIEnvironment, *, plain: bool) -> Caught:
        fault = due.fault
        if plain or fault.code == 200:
            # As GET, lest HEAD leave nothing to say the length of. What is cut short is not compressed first.
            inner = (
                {**environ, "REQUEST_METHOD": "GET"} if environ["REQUEST_METHOD"] == "HEAD" else dict(environ)
            )
            if plain:
                inner.pop("HTTP_ACCEPT_ENCODING", None)
            return Caught.from_app(self.application, inner)
        if fault.code is not None:
            bom = self.state.scene.conditions.bom
            answer = failure(self.catalogue, address, fault.code, fault.retry_after, bom=bom)
            return Caught.of(answer, Asked.of(environ))
        return self.wardrobe.answer(environ, address, self.mutants[fault.name or ""], due.ordinal)

    @cached_property
    def addresses(self) -> Addresses:
        """What paths lead to."""
        return Addresses(self.catalogue.operations.values())

    @cached_property
    def wardrobe(self) -> Wardrobe:
        """What puts mutants on; loaded when the first one is asked for, as the catalogue of them is."""
        from partner_insights.server.faults.wearing import Wardrobe

        return Wardrobe(self.application, self.addresses, self.state, self.tokens)

    @cached_property
    def mutants(self) -> Mapping[str, Mutant]:
        """The catalogue of mutants; read when the first fault is asked for."""
        from partner_insights.world.mutants import mutants

        return mutants(self.catalogue)

    def check_operation(self, name: str) -> None:
        """InputError where there is no such operation."""
        if name not in self.addresses.operations and name != TOKEN:
            known = ", ".join(self.addresses.operations)
            raise InputError(f"there is no operation {name!r}", remedy=f"use *, {TOKEN} or one of {known}")

    def check_customer(self, customer_id: str) -> None:
        """InputError where the partner has no such customer."""
        if self.state.scene.world.customer_index(customer_id) is None:
            raise InputError(f"the partner has no customer {customer_id!r}", remedy="GET /v1/customers")

    def check_fault(self, name: str) -> None:
        """InputError where there is no such fault."""
        if name not in WIRE and name not in self.mutants:
            near = difflib.get_close_matches(name, [*WIRE, *self.mutants], 3)
            hint = f"did you mean {', '.join(near)}? " if near else ""
            raise InputError(f"there is no fault {name!r}", remedy=f"{hint}GET /_admin/faults lists them")
