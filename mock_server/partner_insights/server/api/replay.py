"""A recording → answers: what was recorded for a request, and for any other a 404 that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.contract.error_bodies import error_body
from partner_insights.recording_folder import RecordedAnswer, Recording, key_of
from partner_insights.server.api.service import Service
from partner_insights.server.http.response import BOM, ApiResponse, json_response

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.server.api.service import ApiRequest
    from partner_insights.server.auth.tokens import Tokens
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import Snapshot, State


class Replay(Service):
    """The API, answered from a recording; who may ask, and in which form, is decided as in any fake."""

    def __init__(
        self, catalogue: Catalogue, state: State, settings: Settings, tokens: Tokens, folder: Path
    ) -> None:
        """InputError where the folder is no recording."""
        super().__init__(catalogue, state, settings, tokens)
        self._recording = Recording.read(folder)

    def _respond(self, asked: ApiRequest, scene: Snapshot) -> ApiResponse:
        """The recorded answer, with its own status, mark and body."""
        given = [] if asked.customer is None else [asked.customer]
        key = key_of(asked.operation.id, given, asked.query, asked.headers.continuation)
        recorded = self._recording.answers.get(key)
        return self._missing(asked.operation) if recorded is None else self._recorded(recorded)

    def _recorded(self, recorded: RecordedAnswer) -> ApiResponse:
        body = self._recording.body(recorded)
        mark = BOM if recorded.bom else b""
        return ApiResponse(recorded.status, mark + body, recorded.headers, recorded.content_type)

    def _missing(self, operation: Operation) -> ApiResponse:
        others = [key for key in self._recording.answers if key[0] == operation.id]
        has = f"{len(others)} other answers" if len(others) != 1 else "1 other answer"
        words = f"Not recorded: this request of {operation.id}; the recording has {has} of it"
        return json_response(error_body("1000", words), status=404)
