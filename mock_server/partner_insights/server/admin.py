"""`/_admin/…` → the fake's own controls: health, world, reset, scenario, faults. Not a part of the API."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request

from partner_insights.errors import InputError
from partner_insights.server.answer import json_answer
from partner_insights.server.respond import respond
from partner_insights.server.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_insights.server.exchanges import Exchanges
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import State

TOKEN_HEADER: Final = "X-Admin-Token"  # noqa: S105 - a header's name


class Admin:
    """The controls of one running fake, open to local callers and to whoever holds the admin token."""

    def __init__(self, state: State, settings: Settings, exchanges: Exchanges) -> None:
        self._state = state
        self._exchanges = exchanges
        self._settings = settings

    def add_to(self, app: Flask) -> None:
        """Put the controls under `/_admin`."""
        controls = Blueprint("admin", __name__, url_prefix="/_admin")
        controls.before_request(self.refuse_strangers)
        controls.add_url_rule("/health", view_func=self.health, methods=["GET"])
        controls.add_url_rule("/world", view_func=self.world, methods=["GET"])
        controls.add_url_rule("/reset", view_func=self.reset, methods=["POST"])
        controls.add_url_rule("/scenario", view_func=self.scenario, methods=["GET"])
        controls.add_url_rule("/scenario", view_func=self.select_scenario, methods=["POST"])
        controls.add_url_rule("/faults", view_func=self.faults, methods=["GET"])
        controls.add_url_rule("/faults", view_func=self.plan_faults, methods=["POST"])
        controls.add_url_rule("/faults/<plan_id>", view_func=self.fault_plan, methods=["GET"])
        controls.add_url_rule("/faults/<plan_id>", view_func=self.remove_fault_plan, methods=["DELETE"])
        app.register_blueprint(controls)

    def refuse_strangers(self) -> Response | None:
        """None lets the request pass. A browser must not be talked into one by another site either."""
        if self._has_token():
            return None
        if not (self._settings.trust_loopback and _is_local()):
            return _problem(
                403,
                f"send the admin token as {TOKEN_HEADER}, or call from this machine by a loopback address",
            )
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            return _problem(403, "a page of another site may not use the admin API")
        return None

    def health(self) -> Response:
        """Answers as soon as the fake answers at all."""
        return _reply({"status": "ok"})

    def world(self) -> Response:
        """What is faked, and how."""
        scene, settings = self._state.scene, self._settings
        return _reply(
            {
                "seed": scene.world.seed,
                "customers": scene.world.customers,
                "asOf": scene.world.as_of.isoformat(),
                "percentScale": scene.world.percent_scale,
                "scenario": list(scene.scenarios),
                "auth": settings.auth,
                "workers": settings.workers,
            }
        )

    def reset(self) -> Response:
        """Back to the state at the start."""
        self._state.reset()
        self._exchanges.reset()
        return self.scenario()

    def scenario(self) -> Response:
        """The scenarios in force, and all there are."""
        known = [{"name": each.name, "description": each.description} for each in SCENARIOS.values()]
        return _reply({"active": list(self._state.scene.scenarios), "scenarios": known})

    def select_scenario(self) -> Response:
        """Put the scenario or scenarios of `{"scenario": NAME or [NAME…]}` in force."""
        refused = self._refuse_several_workers("the scenario is fixed: restart with --scenario, or")
        if refused is not None:
            return refused
        content = request.get_json(silent=True)
        wanted = content.get("scenario") if isinstance(content, dict) else None
        names = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            return _problem(
                400, 'send JSON (application/json): {"scenario": NAME} or {"scenario": [NAME, …]}'
            )
        try:
            self._state.select(names)
        except InputError as error:
            return _problem(400, str(error))
        return self.scenario()

    def faults(self) -> Response:
        """The plans in force, and the names a planned fault may have."""
        return self._refuse_several_workers("there are no fault plans: restart") or _reply(
            {"plans": self._exchanges.plans.accounts(), "faults": self._exchanges.faults()}
        )

    def plan_faults(self) -> Response:
        """Put the plan of the body in force: 201 with its account."""
        refused = self._refuse_several_workers("there are no fault plans: restart")
        if refused is not None:
            return refused
        try:
            account = self._exchanges.plan(request.get_json(silent=True))
        except InputError as error:
            return _problem(400, str(error))
        location = ("Location", f"/_admin/faults/{account['id']}")
        return respond(json_answer(account, status=201, headers=[location]))

    def fault_plan(self, plan_id: str) -> Response:
        """The account of a plan: which request met which of its faults."""
        return self._account(plan_id, self._exchanges.plans.account)

    def remove_fault_plan(self, plan_id: str) -> Response:
        """Take a plan back; its last account."""
        return self._account(plan_id, self._exchanges.plans.remove)

    def _account(self, plan_id: str, of: Callable[[str], dict[str, Any] | None]) -> Response:
        refused = self._refuse_several_workers("there are no fault plans: restart")
        if refused is not None:
            return refused
        account = of(plan_id)
        return _problem(404, f"there is no fault plan {plan_id!r}") if account is None else _reply(account)

    def _refuse_several_workers(self, words: str) -> Response | None:
        """None with one worker. Of several only one would hear of it: answers now one way, now the other."""
        if self._settings.workers == 1:
            return None
        return _problem(409, f"with several workers {words} with --workers 1")

    def _has_token(self) -> bool:
        expected = self._settings.admin_token
        if expected is None:
            return False
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        offered = request.headers.get(TOKEN_HEADER) or (bearer if scheme.lower() == "bearer" else "")
        return hmac.compare_digest(offered.strip().encode(), expected.encode())


def _is_local() -> bool:
    """Whether peer and Host header are both loopback: a rebound DNS name would show in the Host header."""
    try:
        host = urlsplit("//" + request.headers.get("Host", "")).hostname
    except ValueError:
        return False
    return _loopback(request.remote_addr) and (host == "localhost" or _loopback(host))


def _loopback(address: str | None) -> bool:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    # A socket for both families reports an IPv4 peer as ::ffff:127.0.0.1.
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def _reply(content: Any) -> Response:
    return respond(json_answer(content))


def _problem(status: int, words: str) -> Response:
    return respond(json_answer({"error": words}, status=status))
