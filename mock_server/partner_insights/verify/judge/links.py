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
    yield from _next_link_findings(answer, rule)


def _next_link_findings(answer: JudgedResponse, rule: Rule) -> Iterator[Finding]:
    """The link that is a text of its own: its form is free, and it need not be percent-encoded."""
    name = answer.operation.layout.next_link
    uri = answer.members.get(name) if name is not None else None
    if not isinstance(uri, str):
        return
    try:
        parts = urlsplit(uri)
        elsewhere = _elsewhere(answer, parts)
    except ValueError:
        elsewhere = "is no address", True
    else:
        if elsewhere is None and not _ends_alike(parts.path, answer.operation.path):
            elsewhere = f"leads to another resource than {answer.operation.path}", True
    if elsewhere is not None:
        message, certain = elsewhere
        text = f"{display_value(uri)} {message}"
        yield broken(answer, rule, f"/{name}", text, value=uri, certain=certain)


def _ends_alike(path: str, promised: str) -> bool:
    """Whether two paths end in the same steps, as far as both have some behind their versions."""
    one, two = (
        [step for step in _VERSION.split(f"/{_plain(each).lstrip('/')}")[-1].split("/") if step]
        for each in (path, promised)
    )
    both = min(len(one), len(two))
    return both == 0 or one[-both:] == two[-both:]


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
    parts = _parts(uri)
    elsewhere = ("is no address", True) if parts is None else _elsewhere(answer, parts)
    if parts is not None and elsewhere is None:
        if not (parts.netloc or uri.startswith("/")):
            elsewhere = "does not begin with a slash: behind the base URL it is no address", True
        elif not _leads_to(parts.path, link.path, urlsplit(answer.url).path):
            elsewhere = f"leads to another resource than {link.path}", True
    if elsewhere is not None:
        message, certain = elsewhere
        text = f"{display_value(uri)} {message}"
        yield broken(answer, rule, f"{link.pointer}/uri", text, value=uri, certain=certain)


def _elsewhere(answer: JudgedResponse, parts: SplitResult) -> tuple[str, bool] | None:
    """How a link leaves this service and the documented one, and whether that is certain."""
    here, base = urlsplit(answer.url), urlsplit(answer.catalogue.base_url)
    if not (parts.netloc or parts.scheme):
        return None
    if parts.hostname not in (here.hostname, base.hostname):
        return "leads to another host: a client that follows it sends its token there", True
    # To the documented host without TLS, though this one may be read so: the token would go in clear text.
    known = {(each.scheme, each.hostname) for each in (here, base)}
    if parts.scheme != "https" and (parts.scheme, parts.hostname) not in known:
        return "leads to another scheme", True
    if parts.netloc not in (here.netloc, base.netloc):
        return "leads to another port of this host", False
    return None


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
