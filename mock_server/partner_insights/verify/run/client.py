"""Requests → answers over HTTP, within a rate, a ceiling and a size, never following a redirect."""

from __future__ import annotations

import re
import time
import unittest
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)

from partner_insights import http_reader
from partner_insights.header_values import seconds_of
from partner_insights.http_reader import BodyTooLarge, bounded_pool, is_too_slow, read_body
from partner_insights.verify.judge.exchange import Failure, Headers, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_WAIT = 120.0
"""The longest Retry-After the judge waits out."""

FAILURES_IN_A_ROW = 3
"""So many requests without any answer, and the server is given up."""

REDACTED = b"[token]"

_UNREACHED = (NewConnectionError, ConnectTimeoutError, SSLError, LocationValueError)


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
        self._secrets = [secret.reveal().encode() for secret in secrets if secret.reveal()]
        self._interval = 1 / rate if rate else 0.0
        self._not_before = 0.0
        self._failed_in_a_row = 0
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
        self, method: str, path: str, headers: Headers, bearer: Secret | None = None
    ) -> Response | Failure:
        """One answer; a Failure where none came. Stopped where no request may be sent any more.

        The `bearer` takes the place of the Authorization among the headers, and is revealed only here.

        `path` is percent-encoded, with its query. A connection the server closed while idle is made anew.
        """
        self._wait_for_turn()
        outcome = self._attempt(method, path, headers, bearer)
        if isinstance(outcome, Failure):
            self._failed_in_a_row += 1
        else:
            self.answered += 1
            self._failed_in_a_row = 0
            if outcome.status == 429:
                self._postpone(outcome)
        return outcome

    def close(self) -> None:
        """Give the connection back."""
        self._pool.clear()

    def _wait_for_turn(self) -> None:
        if self.left == 0:
            raise Stopped(f"the ceiling of {self.ceiling} requests was reached")
        if self._failed_in_a_row >= FAILURES_IN_A_ROW:
            raise Stopped(f"{FAILURES_IN_A_ROW} requests in a row got no answer")
        pause = self._not_before - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._not_before = time.monotonic() + self._interval
        self.sent += 1

    def _postpone(self, response: Response) -> None:
        """Send nothing before the moment a 429 names."""
        stated = seconds_of(response.header("Retry-After"))
        seconds = 1.0 if stated is None else stated
        if seconds > MAX_WAIT:
            raise Stopped(f"the server asks to wait {seconds:.0f} seconds")
        self._not_before = time.monotonic() + max(seconds, self._interval)

    def _attempt(self, method: str, path: str, headers: Headers, bearer: Secret | None) -> Response | Failure:
        started = time.monotonic()
        try:
            try:
                return self._exchange(method, path, headers, bearer, started)
            except ProtocolError as error:
                idle = self.answered > 0 and isinstance(error.args[-1], ConnectionError)
                if not idle or self.left == 0:
                    raise
                self._pool.clear()  # the server had closed the connection since the answer before
                self.sent += 1
                return self._exchange(method, path, headers, bearer, started)
        except _UNREACHED as error:
            return Failure("PI315", f"the server could not be reached: {_plain(error)}", unreached=True)
        except BodyTooLarge:
            return Failure("PI311", f"the body is larger than {http_reader.MAX_BODY // 2**20} MiB")
        except (HTTPError, OSError) as error:
            if is_too_slow(error):
                seconds = http_reader.ANSWER_SECONDS
                return Failure("PI315", f"the answer was not complete after {seconds:.0f} s")
            words = _plain(error)
            return Failure("PI311" if words.startswith("got more than") else "PI315", words)

    def _exchange(
        self, method: str, path: str, headers: Headers, bearer: Secret | None, started: float
    ) -> Response:
        answer = self._pool.request(
            method,
            self.url + path,
            headers=urllib3.HTTPHeaderDict(_filled_in(headers, bearer)),
            redirect=False,
            preload_content=False,
        )
        body = read_body(answer)
        return Response(
            status=answer.status,
            headers=tuple((name, self._scrubbed(value)) for name, value in answer.headers.iteritems()),
            body=self._without_secrets(body),
            received=datetime.now(UTC),
            elapsed=time.monotonic() - started,
        )

    def _without_secrets(self, content: bytes) -> bytes:
        """A server may echo the token; it must not reach a message from there."""
        for secret in self._secrets:
            content = content.replace(secret, REDACTED)
        return content

    def _scrubbed(self, value: str) -> str:
        return self._without_secrets(value.encode("latin-1", "replace")).decode("latin-1")


def _filled_in(headers: Headers, bearer: Secret | None) -> Headers:
    """The header fields with the token in the place of its variable."""
    if bearer is None:
        return headers
    authorization = f"Bearer {bearer.reveal()}"
    return tuple((name, authorization if name == "Authorization" else value) for name, value in headers)


def _plain(error: BaseException) -> str:
    """The cause in words, without the addresses of Python objects that urllib3 puts before it."""
    cause = error.args[-1] if isinstance(error, ProtocolError) and error.args else error
    return re.sub(r"^\w+\(.*?\): ", "", str(cause).rpartition(">: ")[2]).strip() or type(cause).__name__
