"""The links of a body, in a form that the real service was seen to give them, or a client may meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import orjson
from msgspec.structs import replace

from partner_insights.documents import json_value
from partner_insights.server.http.response import BOM

if TYPE_CHECKING:
    from partner_insights.server.http.buffered import BufferedResponse

Rewrite: TypeAlias = Callable[[str, str], str]
"""A link as the fake writes it (`/customers?size=40`), and scheme and host of the request → another form."""


class LinkForm(NamedTuple):
    """One form of `links.*.uri`."""

    id: str
    title: str
    rewrite: Rewrite


LINK_FORMS: Final = (
    LinkForm(
        "links-with-version",
        "links begin with the version, as in /v1/customers?size=40",
        lambda uri, _: f"/v1{uri}",
    ),
    LinkForm(
        "links-with-host",
        "links are whole addresses, with scheme, host and version",
        lambda uri, origin: f"{origin}/v1{uri}",
    ),
    LinkForm(
        "links-without-slash",
        "links begin without a slash, as in customers?size=40",
        lambda uri, _: uri.removeprefix("/"),
    ),
)


def with_links(response: BufferedResponse, origin: str, rewrite: Rewrite) -> BufferedResponse:
    """The response with every `links.*.uri` that is a path of the API in another form."""
    mark = BOM if response.body.startswith(BOM) else b""
    try:
        content = json_value(response.body.removeprefix(BOM))
    except ValueError:
        return response
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            _rewrite(value.get("links"), rewrite, origin)
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return replace(response, body=mark + orjson.dumps(content))


def _rewrite(links: Any, rewrite: Rewrite, origin: str) -> None:
    for link in links.values() if isinstance(links, dict) else ():
        uri = link.get("uri") if isinstance(link, dict) else None
        if isinstance(uri, str) and uri.startswith("/"):
            link["uri"] = rewrite(uri.removeprefix("/v1"), origin)
