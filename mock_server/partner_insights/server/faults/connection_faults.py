"""A good response → the steps of one that goes wrong on its way: late, cut short, reset, or altered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from partner_insights.server.faults.link_forms import LINK_FORMS, with_links
from partner_insights.server.http.buffered import BufferedResponse
from partner_insights.server.http.delivery import Cut, Send, Step, Wait
from partner_insights.server.http.response import BOM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FLUSH: Final = 0.05
"""Seconds in which what was sent gets out before the connection is reset."""
_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><h1>502 Bad Gateway</h1><p>The gateway got no answer in time.</p></body></html>\n"
)
_HTML: Final = BufferedResponse(502, (("Content-Type", "text/html; charset=utf-8"),), _PAGE)


class ConnectionFault(Struct, frozen=True):
    """One way in which a response goes wrong on the wire."""

    id: str
    title: str
    steps: Callable[[BufferedResponse, float], tuple[Step, ...]]
    """The good response, and the seconds of the fault → what happens."""
    seconds: float = 0
    """How long it takes where nobody says how long."""
    answers: bool = True
    """Whether the client gets any response: a status at least."""
    change: Callable[[BufferedResponse, str], BufferedResponse] = lambda response, _: response
    """What it does to the response itself, which was asked for at a scheme and host."""

    def apply(self, response: BufferedResponse, seconds: float | None, method: str) -> tuple[Step, ...]:
        """The steps of the changed response; to HEAD there is no body, and so nothing to happen in it."""
        steps = self.steps(response, self.seconds if seconds is None else seconds)
        if method != "HEAD" or not self.answers:
            return steps
        return (*(step for step in steps if isinstance(step, Wait)), response.head())


def _whole(response: BufferedResponse, _: float) -> tuple[Step, ...]:
    return response.steps()


def _halves(response: BufferedResponse) -> tuple[Send, Send]:
    half = len(response.body) // 2
    return Send(response.body[:half]), Send(response.body[half:])


def _stall(response: BufferedResponse, seconds: float) -> tuple[Step, ...]:
    first, second = _halves(response)
    return response.head(), first, Wait(seconds), second


CONNECTION_FAULTS: Final[Mapping[str, ConnectionFault]] = {
    fault.id: fault
    for fault in (
        ConnectionFault(
            "delay",
            "the answer comes late",
            lambda response, seconds: (Wait(seconds), *response.steps()),
            5,
        ),
        ConnectionFault("stall", "the answer stops half-way and goes on later", _stall, 30),
        ConnectionFault(
            "truncate",
            "the connection closes half-way through the body",
            lambda response, _: (response.head(), _halves(response)[0], Cut()),
        ),
        ConnectionFault("close", "the connection closes without a reply", lambda *_: (Cut(),), answers=False),
        ConnectionFault(
            "timeout",
            "nothing comes for long, then the connection closes",
            lambda _, seconds: (Wait(seconds), Cut()),
            30,
            answers=False,
        ),
        ConnectionFault(
            "reset",
            "the connection is reset half-way through the body",
            lambda response, _: (response.head(), _halves(response)[0], Wait(_FLUSH), Cut(reset=True)),
        ),
        ConnectionFault(
            "malformed-json",
            "the body is JSON but for its end",
            _whole,
            change=lambda response, _: replace(response, body=response.body[:-1] + b",]"),
        ),
        ConnectionFault(
            "html-error-page",
            "a gateway's page, 502 and HTML, comes in place of the answer",
            _whole,
            change=lambda *_: _HTML,
        ),
        ConnectionFault(
            "bom",
            "the body starts with a UTF-8 byte order mark",
            _whole,
            change=lambda response, _: replace(response, body=BOM + response.body.removeprefix(BOM)),
        ),
        *(
            ConnectionFault(form.id, form.title, _whole, change=partial(with_links, rewrite=form.rewrite))
            for form in LINK_FORMS
        ),
    )
}
"""Faults of the wire by name; a wrong Content-Type and an empty body are among the mutants."""
