"""Requests whose bodies may never come → only so many of them at a time, lest they hold every thread.

Reading a body blocks a thread of the server for as long as the client takes to send it, perhaps for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from partner_insights.contract.refusals import error_body
from partner_insights.server.answer import json_answer
from partner_insights.server.asked import Asked
from partner_insights.server.faults.caught import Caught

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_READ: Final = 48
"""Far fewer than the server has threads, with those that faults hold back reckoned in (`wire.MOST_HELD`)."""


@dataclass
class BoundedBodies:
    """Lets a request with a body through to an application, or turns it away with 503."""

    application: WSGIApplication
    _reading: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MOST_READ))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; the application reads the body before it returns."""
        if environ.get("CONTENT_LENGTH") in (None, "", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
            return self.application(environ, start_response)
        if not self._reading.acquire(blocking=False):
            body = error_body("503", "Too many requests are waiting for their bodies")
            answer = json_answer(body, status=503, headers=[("Connection", "close")])
            return Caught.of(answer, Asked.of(environ)).send(environ, start_response)
        try:
            return self.application(environ, start_response)
        finally:
            self._reading.release()
