"""A path → the answer of the one server behind the proxy, within a size and a time."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

import urllib3
from urllib3.exceptions import DecodeError, HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as TimedOut

from partner_insights import http_reader
from partner_insights.http_reader import BodyTooLarge, bounded_pool, is_too_slow, proxy_for, read_body
from partner_insights.verify.judge.exchange import Headers, Response
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


class UpstreamError(Exception):
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
        origin, path = f"{parsed.scheme}://{parsed.netloc}", (parsed.path or "").rstrip("/")
        manager = bounded_pool(origin, maxsize=CONNECTIONS)
        direct = proxy_for(origin) is None
        self._pool = manager.connection_from_url(origin) if direct else manager
        self._prefix = path if direct else origin + path  # a proxy is told the host with each request

    def get(self, target: str, headers: Headers) -> Response:
        """The answer to a GET of a path with its query; redirects are passed on, never followed.

        UpstreamError where none came, or one beyond the bounds.
        """
        started = time.monotonic()
        sent = urllib3.HTTPHeaderDict(forwarded_headers(headers))
        sent["Accept-Encoding"] = "identity"
        try:
            answer = self._pool.urlopen(
                "GET",
                self._prefix + re.sub(r"^/+", "/", target),
                headers=sent,
                redirect=False,
                preload_content=False,
            )
            body = read_body(answer)
            coding = _unread_coding(answer)
        except DecodeError as error:
            label = answer.headers.get("Content-Encoding", "")[:40]
            raise UpstreamError(502, f"the upstream's answer is labelled {label}, and is not") from error
        except BodyTooLarge as error:
            largest = http_reader.MAX_BODY // 2**20
            raise UpstreamError(502, f"the upstream's answer is larger than {largest} MiB") from error
        except NewConnectionError as error:
            raise UpstreamError(502, "the upstream takes no connection") from error
        except TimedOut as error:
            if is_too_slow(error):
                seconds = http_reader.ANSWER_SECONDS
                raise UpstreamError(504, f"the upstream's answer took longer than {seconds:.0f} s") from error
            raise UpstreamError(504, "the upstream did not answer in time") from error
        except ProtocolError as error:
            words = "the upstream's answer is not HTTP, or its connection ended first"
            raise UpstreamError(502, words) from error
        except (HTTPError, OSError) as error:
            raise UpstreamError(502, f"the upstream could not be reached ({type(error).__name__})") from error
        if answer.status < 200:
            raise UpstreamError(502, f"the upstream answered {answer.status}, which ends no exchange")
        if coding is not None:
            raise UpstreamError(
                502, f"the upstream answered in {coding[:40]}, which was not asked for and is not read here"
            )
        return Response(
            status=answer.status,
            headers=tuple(answer.headers.iteritems()),
            body=body,
            elapsed=time.monotonic() - started,
        )


def _unread_coding(answer: urllib3.BaseHTTPResponse) -> str | None:
    """The coding that a body still has; None where it was decoded."""
    stated = answer.headers.get("Content-Encoding", "").lower().split(",")
    codings = [coding for coding in map(str.strip, stated) if coding not in ("", "identity")]
    return next((each for each in codings if each not in answer.CONTENT_DECODERS), None)


def forwarded_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The header fields that go through the proxy, in either direction."""
    return [(name, value) for name, value in headers if name.lower() not in _OF_THE_CONNECTION]
