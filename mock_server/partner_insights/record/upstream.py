"""A path → the answer of the one server behind the proxy, within a size and a time."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as TimedOut

from partner_insights.verify.judge.exchange import Headers, Response
from partner_insights.verify.run.client import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    MAXIMUM_BODY,
    READ_SECONDS,
)
from partner_insights.verify.run.target import checked_url

if TYPE_CHECKING:
    from collections.abc import Iterable

CONNECTIONS: Final = 16
_OF_THE_CONNECTION: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", "host", "expect"),
        *("content-length", "accept-encoding", "content-encoding"),
    }
)
"""Header fields that are not passed on: they speak of one connection, or of a body's coding."""


class NoAnswer(Exception):
    """The upstream did not answer as it should; `status` is what a gateway then says."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class Upstream:
    """One server. There is no way to reach another: the connections are made to this host alone."""

    def __init__(self, url: str) -> None:
        """InputError for what is no http(s) URL."""
        checked_url(url)
        parsed = urllib3.util.parse_url(url)
        self.url = url.rstrip("/")
        self._prefix = (parsed.path or "").rstrip("/")
        self._pool = urllib3.connection_from_url(
            f"{parsed.scheme}://{parsed.netloc}",
            maxsize=CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def get(self, target: str, headers: Headers) -> Response:
        """The answer to a GET of a path with its query; redirects are passed on, never followed.

        NoAnswer where none came, or one beyond the bounds.
        """
        started = time.monotonic()
        asked = urllib3.HTTPHeaderDict(passed_on(headers))
        asked["Accept-Encoding"] = "identity"
        try:
            answer = self._pool.urlopen(
                "GET",
                self._prefix + re.sub(r"^/+", "/", target),
                headers=asked,
                redirect=False,
                preload_content=False,
            )
            try:
                body = self._read(answer, started)
            except BaseException:
                answer.close()
                raise
            answer.release_conn()
        except NewConnectionError as error:
            raise NoAnswer(502, "the upstream takes no connection") from error
        except TimedOut as error:
            raise NoAnswer(504, "the upstream did not answer in time") from error
        except (HTTPError, OSError) as error:
            raise NoAnswer(502, f"the upstream could not be reached ({type(error).__name__})") from error
        return Response(
            status=answer.status,
            headers=tuple(answer.headers.iteritems()),
            body=body,
            elapsed=time.monotonic() - started,
        )

    @staticmethod
    def _read(answer: urllib3.BaseHTTPResponse, started: float) -> bytes:
        parts: list[bytes] = []
        length = 0
        for part in answer.stream(2**16, decode_content=True):
            parts.append(part)
            length += len(part)
            if length > MAXIMUM_BODY:
                raise NoAnswer(502, f"the upstream's answer is larger than {MAXIMUM_BODY // 2**20} MiB")
            if time.monotonic() - started > ANSWER_SECONDS:
                raise NoAnswer(504, f"the upstream's answer took longer than {ANSWER_SECONDS:.0f} s")
        return b"".join(parts)


def passed_on(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The header fields that go through the proxy, in either direction."""
    return [(name, value) for name, value in headers if name.lower() not in _OF_THE_CONNECTION]
