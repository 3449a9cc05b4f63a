"""The links in an answer → whether each is a request to this service, for what its name promises."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from partner_insights.verify.judge.rules import broken
from partner_insights.verify.judge.violation import Finding, Observation, display_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_insights.contract import Rule
    from partner_insights.verify.judge.rows import JudgedResponse
    from partner_insights.verify.judge.service_rules import ServiceFacts

_NO_URI: Final = re.compile(r"[\s\\\x00-\x1f\x7f]")
_VERSION: Final = re.compile(r"/v[0-9.]+(?=/)")
SAMPLED_FORM: Final = "the path alone"
PAGES: Final = ("self", "next", "previous")


class _Link(NamedTuple):
    pointer: str
    uri: Any
    method: Any
    path: str
    """Where it has to lead to, from the operation's own path on."""


def links_lead_here(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """PI221; relative to the service, with its version or without, or to its own host."""
    if not answer.url:
        return
    for link in _links(answer):
        if isinstance(link.uri, str):
            yield from _findings(answer, rule, link, link.uri)
        if isinstance(link.method, str) and link.method.upper() != "GET":
            message = f"the method of this link is {display_value(link.method)}, not GET"
            yield broken(answer, rule, f"{link.pointer}/method", message, value=link.method)


def form_observations(answer: JudgedResponse) -> Iterator[Observation]:
    """The links that are not written as in the samples (`/customers?size=40`): clients join them so."""
    for link in _links(answer) if not answer.operation.synthetic else ():
        form = _form(link)
        if form not in (None, SAMPLED_FORM):
            message = f"the link has {form}, which links in the samples have not: joining clients fail"
            yield Observation("link-form", answer.operation.id, f"{link.pointer}/uri", message)


def one_link_form(answer: JudgedResponse, rule: Rule, facts: ServiceFacts) -> Iterator[Finding]:
    """PI222, the first link of an answer that breaks it."""
    for link in _links(answer):
        form = _form(link)
        if form is None:
            continue
        before = facts.first("link form", form, answer.operation.id)
        if before.value != form:
            message = f"this link has {form}; a link in an answer of {before.operation} has {before.value}"
            yield broken(answer, rule, f"{link.pointer}/uri", message, value=link.uri)
            return


def _form(link: _Link) -> str | None:
    """What the address has before the resource's path; None where there is no address."""
    parts = _parts(link.uri) if isinstance(link.uri, str) else None
    if parts is None:
        return None
    if parts.netloc:
        return "scheme and host"
    return "the version" if _VERSION.match(parts.path) else SAMPLED_FORM


def _links(answer: JudgedResponse) -> Iterator[_Link]:
    path = answer.operation.path
    if answer.operation.envelope is None:
        own = answer.members.get("id")
        customer = answer.customer or own  # which one was asked for is not known of a body alone
        if customer:
            yield from _of(answer.body, "", ("self",), path.replace("{customer-id}", str(customer)))
        return
    yield from _of(answer.body, "", PAGES, path)
    for row in answer.rows:
        yield from _of(row.members, row.pointer(), ("self",), f"{path}/{row.members.get('id')}")


def _of(value: Any, pointer: str, names: tuple[str, ...], path: str) -> Iterator[_Link]:
    links = value.get("links") if isinstance(value, dict) else None
    for name in names:
        link = links.get(name) if isinstance(links, dict) else None
        if isinstance(link, dict):
            yield _Link(f"{pointer}/links/{name}", link.get("uri"), link.get("method"), path)


def _findings(answer: JudgedResponse, rule: Rule, link: _Link, uri: str) -> Iterator[Finding]:
    here, base = urlsplit(answer.url), urlsplit(answer.catalogue.base_url)
    parts = _parts(uri)
    message, certain = None, True
    if parts is None:
        message = "is no address"
    elif parts.netloc or parts.scheme:
        if parts.hostname not in (here.hostname, base.hostname):
            message = "leads to another host: a client that follows it sends its token there"
        elif parts.scheme not in (here.scheme, base.scheme):
            message = "leads to another scheme"
        elif parts.netloc not in (here.netloc, base.netloc):
            message, certain = "leads to another port of this host", False
    elif not uri.startswith("/"):
        message = "does not begin with a slash: behind the base URL it is no address"
    if message is None and parts is not None and not _leads_to(parts.path, link.path, here.path):
        message = f"leads to another resource than {link.path}"
    if message is not None:
        text = f"{display_value(uri)} {message}"
        yield broken(answer, rule, f"{link.pointer}/uri", text, value=uri, certain=certain)


def _parts(uri: str) -> SplitResult | None:
    if _NO_URI.search(uri):
        return None
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018 - raises where there is none to read
    except ValueError:
        return None
    return parts


def _leads_to(path: str, promised: str, requested: str) -> bool:
    """Whether a path is the promised one: as it is, without its version, or behind the target's base."""
    given = _plain(path)
    wanted = {_plain(promised), _plain(_VERSION.sub("", promised, count=1))}
    return given in wanted or (
        given.endswith(_plain(promised)) and _plain(requested).startswith(given[: -len(_plain(promised))])
    )


def _plain(path: str) -> str:
    return re.sub("/+", "/", path).rstrip("/").lower()
