"""Requests → answers over HTTP, within a rate, a ceiling and a size, never following a redirect."""

from __future__ import annotations

import re
import time
import unittest
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from partner_insights import http_reader
from partner_insights.header_values import seconds_of
from partner_insights.http_reader import (
    BodyTooLarge,
    Wire,
    bounded_pool,
    has_live_connection,
    is_too_slow,
    read_body,
    wire_of,
)
from partner_insights.verify.judge.exchange import Failure, Headers, Response, WireFault
from partner_insights.verify.judge.framing import head_faults
from partner_insights.verify.judge.violation import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_WAIT = 120.0
"""The longest Retry-After the judge waits out."""

FAILURES_IN_A_ROW = 3
"""So many requests without any answer, and the server is given up."""

SLOW_ANSWERS = 2
"""So many answers that did not end in time, and the server is given up: each takes half a minute."""

CLOSING_SECONDS = 0.02
"""How long a server that closes connections is waited for before the next request."""

MANY_BROKEN_OFF = 3
"""So many connections that were broken off in place of an answer, and it was no chance."""

REDACTED = b"[token]"
MIN_SECRET = 20
"""Characters of what is struck out: `Bearer` is no secret, nor is `x` for a server that looks at no token."""

_UNREACHED = (NewConnectionError, ConnectTimeoutError, ProxyError, SSLError, LocationValueError)


class Stopped(unittest.SkipTest):
    """No further request may be sent: for the reason given. pytest and Hypothesis know it as a skip."""


class Secret:
    """A token that no repr, traceback or report can show."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The token itself, for the Authorization header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return REDACTED.decode()


class Client:
    """One connection to one server."""

    def __init__(
        self,
        url: str,
        secrets: Iterable[Secret] = (),
        *,
        rate: float | None = None,
        ceiling: int | None = None,
        ca_file: str | None = None,
    ) -> None:
        """`rate` is in requests a second; `ceiling` counts every request sent, retries too."""
        self.url = url.rstrip("/")
        self.sent = 0
        self.answered = 0
        self.ceiling = ceiling
        self._secrets = [each for secret in secrets if len(each := secret.reveal().encode()) >= MIN_SECRET]
        self._interval = 1 / rate if rate else 0.0
        self._not_before = 0.0
        self._failed_in_a_row = 0
        self._slow = 0
        self._stopped: str | None = None
        self._broken_off = 0
        self._pool = bounded_pool(
            self.url,
            num_pools=1,
            maxsize=1,
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca_file,  # None: those of the system
        )

    @property
    def left(self) -> int | None:
        """How many requests may still be sent; None: as many as it takes."""
        return None if self.ceiling is None else max(0, self.ceiling - self.sent)

    def send(
        self, method: str, path: str, headers: Headers, authorization: Secret | None = None
    ) -> Response | Failure:
        """One answer; a Failure where none came. Stopped where no request may be sent any more.

        After a 429 or 503, the next request is sent when the answer says.

        The `authorization` takes the place of that among the headers, and is revealed only here.

        `path` is percent-encoded, with its query. A connection the server closed while idle is made anew.
        """
        self._wait_for_turn()
        outcome = self._attempt(method, path, headers, authorization)
        if isinstance(outcome, Failure):
            self._failed_in_a_row += 1
            self._slow += outcome.slow
        else:
            self.answered += 1
            self._failed_in_a_row = 0
            if outcome.status == 429 or (outcome.status == 503 and outcome.header("Retry-After") is not None):
                self._postpone(outcome)
        return outcome

    def hide(self, secret: Secret) -> None:
        """Strike out what a server may echo of it."""
        content = secret.reveal().removeprefix("Bearer ").encode()
        if content not in self._secrets and len(content) >= MIN_SECRET:
            self._secrets.append(content)

    def stop(self, reason: str) -> None:
        """Send nothing any more."""
        self._stopped = reason

    def close(self) -> None:
        """Give the connection back."""
        self._pool.clear()

    def _wait_for_turn(self) -> None:
        if self._stopped is not None:
            raise Stopped(self._stopped)
        if self.left == 0:
            raise Stopped(f"the ceiling of {self.ceiling} requests was reached")
        if self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise Stopped(f"{FAILURES_IN_A_ROW} requests in a row got no answer")
        if self._slow >= SLOW_ANSWERS:
            raise Stopped(f"{SLOW_ANSWERS} answers did not end in time")
        pause = self._not_before - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._not_before = time.monotonic() + self._interval
        self.sent += 1

    def _postpone(self, response: Response) -> None:
        """Send nothing before the moment that the answer names; nothing at all where that is far away."""
        stated = seconds_of(response.header("Retry-After"))
        seconds = 1.0 if stated is None else stated
        if seconds > MAX_WAIT:
            asked = f"the service answered {response.status} and asks to wait {seconds:.0f} seconds"
            self.stop(f"{asked}; no more than {MAX_WAIT:.0f} are waited")
            return
        self._not_before = time.monotonic() + max(seconds, self._interval)

    def _attempt(
        self, method: str, path: str, headers: Headers, authorization: Secret | None
    ) -> Response | Failure:
        started = time.monotonic()
        try:
            # Once a server is known to close connections without saying so, it is waited for.
            patience = CLOSING_SECONDS if self._broken_off else 0.0
            used_before = has_live_connection(self._pool, patience)
            try:
                return self._exchange(method, path, headers, authorization, started)
            except ProtocolError as error:
                if not used_before or not isinstance(error.args[-1], ConnectionError) or self.left == 0:
                    raise
                self._pool.clear()  # the server may have closed the connection since the answer before
                self.sent += 1
                self._broken_off += 1
                answer = self._exchange(method, path, headers, authorization, started)
                return replace(answer, faults=(*answer.faults, self._broken_fault(error)))
        except _UNREACHED as error:
            return Failure("PI315", f"the server could not be reached: {_plain(error)}", unreached=True)
        except BodyTooLarge:
            return Failure("PI311", f"the body is larger than {http_reader.MAX_BODY // 2**20} MiB")
        except (HTTPError, OSError) as error:
            if is_too_slow(error):
                seconds = http_reader.ANSWER_SECONDS
                return Failure("PI315", f"the answer was not complete after {seconds:.0f} s", slow=True)
            words = _plain(error)
            code = "PI311" if words.startswith("got more than") else "PI315"
            return Failure(code, words, slow=isinstance(error, (ReadTimeoutError, TimeoutError)))

    def _broken_fault(self, error: ProtocolError) -> WireFault:
        """A connection may be closed for its idleness just when a request is sent, but not often."""
        reason = _plain(error)
        words = f"the connection was broken off in place of an answer ({reason}); the request was sent again"
        return WireFault("PI322", words, certain=self._broken_off >= MANY_BROKEN_OFF)

    def _exchange(
        self, method: str, path: str, headers: Headers, authorization: Secret | None, started: float
    ) -> Response:
        answer = self._pool.request(
            method,
            self.url + path,
            headers=urllib3.HTTPHeaderDict(_filled_in(headers, authorization)),
            redirect=False,
            preload_content=False,
        )
        body = read_body(answer)
        return Response(
            status=answer.status,
            # RFC 9110, section 5.5: the blanks around a value are none of it.
            headers=tuple(
                (name, self._scrubbed(value.strip(" \t"))) for name, value in answer.headers.iteritems()
            ),
            body=self._without_secrets(body),
            received=datetime.now(UTC),
            elapsed=time.monotonic() - started,
            faults=tuple(self._faults(wire_of(answer))),
        )

    def _faults(self, wire: Wire) -> Iterator[WireFault]:
        for words in head_faults(wire.head) if wire.head else ():
            yield WireFault("PI321", self._scrubbed(words), certain=True)
        if wire.chunks:
            yield WireFault("PI321", self._scrubbed(wire.chunks), certain=True)
        if wire.cut_off:
            yield WireFault("PI321", "the compressed body stops before its end", certain=True)
        if wire.excess:
            words = f"bytes follow the end of the answer: {shortened(wire.excess.decode('latin-1'))!r}"
            yield WireFault("PI321", self._scrubbed(words), certain=True)

    def _without_secrets(self, content: bytes) -> bytes:
        """A server may echo the token; it must not reach a message from there."""
        for secret in self._secrets:
            content = content.replace(secret, REDACTED)
        return content

    def _scrubbed(self, value: str) -> str:
        return self._without_secrets(value.encode("latin-1", "replace")).decode("latin-1")


def _filled_in(headers: Headers, authorization: Secret | None) -> Headers:
    """The header fields with the token in the place of its variable."""
    if authorization is None:
        return headers
    value = authorization.reveal()
    return tuple((name, value if name == "Authorization" else stated) for name, stated in headers)


def _plain(error: BaseException) -> str:
    """The cause in words, without the addresses of Python objects that urllib3 puts before it."""
    if isinstance(error, ProxyError):
        return f"{error.args[0]}: {_plain(error.original_error)}"
    cause = error.args[-1] if isinstance(error, ProtocolError) and error.args else error
    words = re.sub(r"^\w+\(.*?\): ", "", str(cause).rpartition(">: ")[2]).strip()
    return printable(words) or type(cause).__name__  # a broken status line is quoted in it
