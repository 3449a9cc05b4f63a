"""The suite's options → the server to judge: one at a URL, or a fake of our own for as long as it takes."""

from __future__ import annotations

import os
import re
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

import urllib3

from partner_insights.child_server import running_fake
from partner_insights.contract import Profile
from partner_insights.errors import InputError
from partner_insights.http_reader import is_local
from partner_insights.verify.options import SuiteOptions, environment_token
from partner_insights.verify.run.client import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REMOTE_RATE = 5.0
REMOTE_CEILING = 1_500
"""What a server that is not on this machine is spared beyond, unless the options say otherwise."""

_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Target:
    """A server to judge and the credentials for it."""

    url: str
    own: bool
    """A fake that was started for this run: it may be sent any method and the oddest input."""
    profile: Profile
    token: Secret | None
    """None: there is none, which is well with a server that answers without."""
    app_only: Secret | None
    token_variable: str
    app_token_variable: str
    seed: int
    max_requests: int | None
    rate: float | None
    ca_file: str | None = None
    """Certificates to trust in place of the system's."""
    show_customers: bool = True
    """Whether reports name the customers, which those of our own fake and of this machine may."""
    pseudonym_key: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "a fake of our own" if self.own else self.url


@contextmanager
def open_target(options: SuiteOptions) -> Iterator[Target]:
    """The server of the options; InputError where they are unusable or the fake does not start."""
    if options.url is not None:
        yield _foreign(options, options.url)
        return
    pages = options.custom.arguments() if options.custom is not None else []
    with running_fake("--seed", str(options.seed), *pages) as fake:
        yield Target(
            url=fake.url,
            own=True,
            profile=Profile(options.profile or Profile.STRICT),
            token=Secret(fake.token),
            app_only=Secret(_app_only_token(fake.url)),
            token_variable=options.token_env,
            app_token_variable=options.app_token_env,
            seed=options.seed,
            max_requests=options.max_requests,
            rate=options.rate,
        )


def _foreign(options: SuiteOptions, url: str) -> Target:
    local = is_local(checked_url(url))
    app_only = environment_token(options.app_token_env)
    return Target(
        url=url.rstrip("/"),
        own=False,
        profile=Profile(options.profile or Profile.CORRECTED),
        token=_token(options.token_env),
        app_only=Secret(app_only) if app_only is not None else None,
        token_variable=options.token_env,
        app_token_variable=options.app_token_env,
        seed=options.seed,
        max_requests=options.max_requests or (None if local else REMOTE_CEILING),
        rate=options.rate or (None if local else REMOTE_RATE),
        ca_file=_trusted(options.ca_file),
        show_customers=bool(options.show_customers) or (local and options.pseudonym_key_env is None),
        pseudonym_key=pseudonym_key(options.pseudonym_key_env),
    )


def _trusted(ca_file: str | None) -> str | None:
    """The file, once it is known to hold certificates."""
    if ca_file is not None:
        try:
            ssl.create_default_context(cafile=ca_file)
        except (OSError, ValueError) as error:
            raise InputError(f"no certificates can be read from it ({error})", where=ca_file) from error
    return ca_file


def pseudonym_key(variable: str | None) -> bytes | None:
    """The key for pseudonyms from an environment variable; None where none is named."""
    if variable is None:
        return None
    key = os.environ.get(variable, "")
    if not key:
        raise InputError(
            f"the environment variable {variable} holds no key",
            where="--pseudonym-key-env",
            remedy="put any long random text into it, and keep it secret",
        )
    return key.encode("utf-8", "surrogateescape")


def checked_url(url: str) -> str:
    """The host of an http(s) URL that operations' paths can be appended to; InputError for any other text."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is no URL ({error})", where="--url") from error
    if parts.scheme not in ("http", "https") or not host:
        raise InputError(
            f"{url!r} is no http or https URL", where="--url", remedy="give it like http://127.0.0.1:8010"
        )
    if parts.query or parts.fragment or parts.username is not None or parts.password is not None:
        raise InputError(
            "a query, fragment, user or password in the URL cannot be used",
            where="--url",
            remedy="give the base URL alone",
        )
    return host


def refuse_api_path(url: str, paths: Iterable[str]) -> None:
    """InputError where a URL ends in the beginning of an operation's path, which would be appended again."""
    parts = urlsplit(url)
    given = [segment for segment in parts.path.split("/") if segment]
    for path in paths:
        template = path.strip("/").split("/")
        for start in range(len(given)):
            if _begins(template, given[start:]):
                base = urlunsplit(parts._replace(path="".join(f"/{each}" for each in given[:start])))
                raise InputError(
                    f"{url} ends in a path of the API, and the operations' own paths are appended to it",
                    where="--url",
                    remedy=f"give the base URL alone: {base}",
                )


def _begins(template: list[str], segments: list[str]) -> bool:
    """Whether a path of the template may begin with the segments, of which the first is no parameter's."""
    return len(segments) <= len(template) and all(
        expected == segment or (place > 0 and expected.startswith("{"))
        for place, (expected, segment) in enumerate(zip(template, segments, strict=False))
    )


def _token(variable: str) -> Secret | None:
    token = environment_token(variable)
    if token is None:
        return None
    if not _TOKEN.fullmatch(token):
        raise InputError(
            f"the environment variable {variable} holds no token: it has characters that no token has"
        )
    return Secret(token)


def _app_only_token(url: str) -> str:
    """An app-only token from the fake's own token endpoint."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "contract-suite",
        "client_secret": "any",
        "scope": "https://api.partnercenter.microsoft.com/.default",
    }
    answer = urllib3.request(
        "POST",
        f"{url}/contract-suite/oauth2/v2.0/token",
        body=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    if answer.status != 200:
        raise InputError(f"the fake's token endpoint answered {answer.status}", where=url)
    return str(answer.json()["access_token"])
