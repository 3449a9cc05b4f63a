"""`/_admin/…` → the fake's own controls: its data, scenario, date and faults. Not a part of the API."""

from __future__ import annotations

import hmac
import ipaddress
import math
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from partner_insights import __version__
from partner_insights.errors import InputError
from partner_insights.server.admin.controls import Control, blueprint_of, json_error, json_ok, sent_json
from partner_insights.server.admin.data_edits import DataEdits
from partner_insights.server.admin.data_views import DataViews
from partner_insights.server.admin.history_views import HistoryViews
from partner_insights.server.admin.identity_views import IdentityViews
from partner_insights.server.admin.journal_views import JournalViews
from partner_insights.server.admin.wrong_tokens import WrongTokens
from partner_insights.server.auth.examples import example_token
from partner_insights.server.auth.tokens import LIFETIME
from partner_insights.server.scenarios import SCENARIOS, conflicts

if TYPE_CHECKING:
    from werkzeug.routing import Map

    from partner_insights.server.admin.session_views import SessionViews
    from partner_insights.server.auth.endpoints import DirectoryEndpoints
    from partner_insights.server.middleware import ApiMiddleware
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import State

TOKEN_HEADER: Final = "X-Admin-Token"  # noqa: S105 - a header's name
_SCENARIO_FORM: Final = 'send JSON (application/json): {"scenario": NAME} or {"scenario": [NAME, …]}'
_DAY_FORM: Final = 'send JSON (application/json): {"asOf": "YYYY-MM-DD"} or {"days": 1}'


class Admin:
    """The controls of one running fake, open to local callers and to callers with the admin token."""

    def __init__(
        self,
        state: State,
        settings: Settings,
        middleware: ApiMiddleware,
        directory: DirectoryEndpoints,
        sessions: SessionViews | None = None,
    ) -> None:
        self._sessions = sessions
        self._state = state
        self._middleware = middleware
        self._settings = settings
        self.holdings = DataViews(middleware.catalogue, state, settings)
        self._directory = directory
        self._began = time.monotonic()
        self._wrong_tokens = WrongTokens()

    def add_to(self, app: Flask) -> None:
        """Put the controls under `/_admin`."""
        controls = [
            *self._controls(),
            *JournalViews(self._middleware).controls(),
            *IdentityViews(self._state).controls(),
        ]
        if self.holdings.shown:
            controls += self.holdings.controls()
            controls += DataEdits(self._state).controls()
            controls += HistoryViews(self._state, self._settings.history).controls()
        if self._sessions is not None:
            controls += self._sessions.controls()
        blueprint = blueprint_of(controls, self._settings.workers)
        blueprint.before_request(self.refuse_strangers)
        app.register_blueprint(blueprint)

    def _controls(self) -> tuple[Control, ...]:
        scenario = "the scenario is fixed: restart with --scenario, or"
        plans = "there are no fault plans: restart"
        return (
            Control("/health", "GET", self.health),
            Control("/world", "GET", self.world),
            Control("/token", "GET", self.token),
            Control("/reset", "POST", self.reset),
            Control("/scenario", "GET", self.scenario),
            Control("/scenario", "POST", self.select_scenario, scenario),
            Control("/faults", "GET", self.faults, plans),
            Control("/faults", "POST", self.plan_faults, plans),
            Control("/faults/<plan_id>", "GET", self.fault_plan, plans),
            Control("/faults/<plan_id>", "DELETE", self.remove_fault_plan, plans),
            Control("/clock", "GET", self.clock),
            Control("/clock", "POST", self.set_clock, "the date is fixed: restart with --as-of, or"),
        )

    def refuse_strangers(self) -> Response | None:
        """None lets the request pass. Other sites' pages and foreign names are refused before (`Access`)."""
        address, expected = request.remote_addr, self._settings.admin_token
        if self._settings.trust_loopback and _loopback(address):
            return None
        offered = _offered_token()
        if offered and expected is not None:
            wait = math.ceil(self._wrong_tokens.wait(address))
            if wait:
                words = f"too many wrong admin tokens came from this address: try again in {wait} s"
                return json_ok({"error": words}, 429, ("Retry-After", str(wait)))
            if hmac.compare_digest(offered.encode(), expected.encode()):
                self._wrong_tokens.forget(address)
                return None
            self._wrong_tokens.add(address)
        return json_error(
            403, f"send the admin token as {TOKEN_HEADER}, or call from this machine by a loopback address"
        )

    def health(self) -> Response:
        """Answers as soon as the fake answers at all."""
        return json_ok({"status": "ok"})

    def world(self) -> Response:
        """What is faked, and how."""
        scene, settings = self._state.scene, self._settings
        return json_ok(
            {
                "seed": scene.world.seed,
                "customers": scene.world.customers,
                "given": 0 if scene.world.own is None else len(scene.world.own),
                "invalid": 0 if scene.world.own is None else len(scene.world.own.notes),
                "revision": self._state.revision,
                "asOf": self._state.as_of.isoformat(),
                "percentScale": scene.world.percent_scale,
                "scenario": list(scene.scenarios),
                "auth": settings.auth,
                "workers": settings.workers,
                "version": __version__,
                "uptimeSeconds": int(time.monotonic() - self._began),
            }
        )

    def token(self) -> Response:
        """An App+User token for the API, good as long as the directory's; null where none is wanted."""
        token = example_token(
            self._settings.auth, self._middleware.tokens, self._state.scene.identity, LIFETIME
        )
        return json_ok({"token": token, "expiresIn": LIFETIME})

    def reset(self) -> Response:
        """Back to the state at the start."""
        self._state.reset()
        self._middleware.reset()
        self._directory.reset()
        return self.scenario()

    def scenario(self) -> Response:
        """The scenarios in force, and all there are."""
        known = [
            {"name": each.name, "description": each.description, "conflicts": conflicts(each)}
            for each in SCENARIOS.values()
        ]
        return json_ok({"active": list(self._state.scene.scenarios), "scenarios": known})

    def select_scenario(self) -> Response:
        """Put the scenario or scenarios of `{"scenario": NAME or [NAME…]}` in force."""
        content = sent_json()
        wanted = content.get("scenario") if isinstance(content, dict) else None
        names = [wanted] if isinstance(wanted, str) else wanted
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            return json_error(400, _SCENARIO_FORM)
        self._state.select(names)
        return self.scenario()

    def clock(self) -> Response:
        """The fake's date; `processedDateTime` is a few days behind it."""
        return json_ok({"asOf": self._state.as_of.isoformat()})

    def set_clock(self) -> Response:
        """Turn the date to `{"asOf": "YYYY-MM-DD"}`, or by `{"days": N}`."""
        self._state.set_date(_day(sent_json(), self._state.as_of))
        return self.clock()

    def faults(self) -> Response:
        """The plans in force, and the names a planned fault may have."""
        chooser = self._middleware.chooser
        return json_ok({"plans": chooser.plans.accounts(), "faults": chooser.names.faults()})

    def plan_faults(self) -> Response:
        """Put the plan of the body in force: 201 with its account."""
        account = self._middleware.chooser.plan(sent_json())
        return json_ok(account, 201, ("Location", f"{request.script_root}/_admin/faults/{account['id']}"))

    def fault_plan(self, plan_id: str) -> Response:
        """The account of a plan: which request met which of its faults."""
        return _account(plan_id, self._middleware.chooser.plans.account(plan_id))

    def remove_fault_plan(self, plan_id: str) -> Response:
        """Take a plan back; its last account."""
        return _account(plan_id, self._middleware.chooser.plans.remove(plan_id))


def _account(plan_id: str, account: dict[str, Any] | None) -> Response:
    return json_error(404, f"there is no fault plan {plan_id!r}") if account is None else json_ok(account)


def _offered_token() -> str:
    """The token that a request comes with; empty where it has none."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return (request.headers.get(TOKEN_HEADER) or (bearer if scheme.lower() == "bearer" else "")).strip()


def _loopback(address: str | None) -> bool:
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    # A socket for both families reports an IPv4 peer as ::ffff:127.0.0.1.
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def _day(content: Any, today: date) -> date:
    wanted = content if isinstance(content, dict) else {}
    day, days = wanted.get("asOf"), wanted.get("days")
    try:
        if isinstance(day, str) and len(wanted) == 1:
            return date.fromisoformat(day)
        if type(days) is int and len(wanted) == 1:
            return today + timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise InputError(f"there is no such day: {day or days}", remedy=_DAY_FORM) from error
    raise InputError("that is no date to turn to", remedy=_DAY_FORM)


def unknown_control(rules: Map, error: NotFound | MethodNotAllowed) -> Response:
    """What is said of a path or a method under `/_admin` that is none, in the words of the controls."""
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        refused = json_error(405, f"{request.path} takes {allowed}, not {request.method}")
        refused.headers["Allow"] = allowed
        return refused
    paths = (rule.rule.split("/") for rule in rules.iter_rules())
    names = sorted({parts[2] for parts in paths if parts[1] == "_admin"})
    return json_error(404, f"{request.path} is no control; there are {', '.join(names)}")
