"""`/_admin/identity` → who may sign in: all of it, or one user, application or tenant at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.server.admin.controls import Control, ControlError, json_ok, sent_json
from partner_insights.server.auth.identity import KEYS, entry_of, identity_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from partner_insights.server.auth.identity import Identity
    from partner_insights.server.state import State


class IdentityViews:
    """What the admin API says and changes about who may sign in."""

    def __init__(self, state: State) -> None:
        self._state = state

    def controls(self) -> tuple[Control, ...]:
        """Those under `/identity`."""
        alone = "who may sign in is fixed: restart with --identity, or"
        return (
            Control("/identity", "GET", self.identity),
            Control("/identity", "PUT", self.replace, alone),
            Control("/identity/<kind>/<key>", "PUT", self.put, alone),
            Control("/identity/<kind>/<key>", "DELETE", self.remove, alone),
        )

    def identity(self) -> Response:
        """All but passwords and secrets, of which it says only whether there are any."""
        return json_ok(self._state.scene.identity.content())

    def replace(self) -> Response:
        """Put another identity, in the form of the file, in place."""
        return self._change(identity_of)

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

    def _change(self, changed: Callable[[Any], Identity], kind: str | None = None) -> Response:
        if kind is not None and kind not in KEYS:
            raise ControlError(404, f"there are no {kind!r} in an identity: {', '.join(KEYS)}")
        try:
            self._state.set_identity(changed(sent_json()))
        except KeyError as error:
            raise ControlError(404, f"{kind} has no {error}") from error
        return self.identity()
