"""`/_admin/identity` → who may sign in: all of it, or one user, application or tenant at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from partner_insights.errors import InputError
from partner_insights.server.admin.journal_views import json_error, json_ok, refuse_several_workers
from partner_insights.server.auth.identity import KEYS, entry_of, identity_of

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from partner_insights.server.settings import Settings
    from partner_insights.server.state import State


class IdentityViews:
    """What the admin API says and changes about who may sign in."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def add_to(self, controls: Blueprint) -> None:
        """Put them under `/identity`."""
        controls.add_url_rule("/identity", view_func=self.identity, methods=["GET"])
        controls.add_url_rule("/identity", view_func=self.replace, methods=["PUT"])
        controls.add_url_rule("/identity/<kind>/<key>", view_func=self.put, methods=["PUT"])
        controls.add_url_rule("/identity/<kind>/<key>", view_func=self.remove, methods=["DELETE"])

    def identity(self) -> Response:
        """All but passwords and secrets, of which it says only whether there are any."""
        return json_ok(self._state.scene.identity.content())

    def replace(self) -> Response:
        """Put another identity, in the form of the file, in place."""
        return self._change(lambda content: identity_of(content))

    def put(self, kind: str, key: str) -> Response:
        """Add one, or put it in the place of the one of that name or id."""
        return self._change(
            lambda content: self._state.scene.identity.with_entry(
                kind, entry_of(kind, {**content, KEYS[kind]: key} if isinstance(content, dict) else content)
            ),
            kind,
        )

    def remove(self, kind: str, key: str) -> Response:
        """Take one away."""
        return self._change(lambda _: self._state.scene.identity.without(kind, key), kind)

    def _change(self, changed: Any, kind: str | None = None) -> Response:
        refused = refuse_several_workers(
            self._settings, "who may sign in is fixed: restart with --identity, or"
        )
        if refused is not None:
            return refused
        if kind is not None and kind not in KEYS:
            return json_error(404, f"there are no {kind!r} in an identity: {', '.join(KEYS)}")
        try:
            self._state.set_identity(changed(sent_json()))
        except InputError as error:
            return json_error(400, str(error))
        except KeyError as error:
            return json_error(404, f"{kind} has no {error}")
        return self.identity()


def sent_json() -> Any:
    """The JSON of the request; None where there is none, or one nested beyond reason."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None
