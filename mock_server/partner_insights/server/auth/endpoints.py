"""Paths of the directory → its endpoints, by Flask: JSON, redirects and the pages people sign in at."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    RequestTimeout,
)

from partner_insights.server.auth import authorize
from partner_insights.server.auth.errors import UNCACHED, DirectoryError
from partner_insights.server.auth.fields import Fields, read_fields
from partner_insights.server.auth.metadata import (
    instance_discovery,
    openid_configuration,
    user_info,
    user_realm,
)
from partner_insights.server.auth.tokens import AUDIENCES, EXCHANGED
from partner_insights.server.http.errors import ApiError
from partner_insights.server.http.response import ApiResponse, Note, json_response, respond
from partner_insights.server.settings import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from partner_insights.server.auth.authorize import AuthorizeRequest
    from partner_insights.server.auth.bearer import Authenticator
    from partner_insights.server.auth.identity import User
    from partner_insights.server.auth.token_endpoint import TokenEndpoint

_HTML: Final = "text/html; charset=utf-8"
_CHALLENGES: Final = {
    "invalid_client": 'Basic realm="directory"',  # RFC 6749, section 5.2
    "invalid_token": 'Bearer error="invalid_token"',  # RFC 6750, section 3
}
_MAX_SHOWN: Final = 100
"""Users offered for choice."""


class DirectoryEndpoints:
    """The directory's part of the fake's paths."""

    def __init__(self, endpoint: TokenEndpoint, authenticator: Authenticator, sign_in: SignIn) -> None:
        self._endpoint = endpoint
        self._directory = endpoint.directory
        self._devices = endpoint.devices
        self._authenticator = authenticator
        self._sign_in = sign_in

    def add_to(self, app: Flask) -> None:
        """Put the endpoints under each tenant."""
        paths = Blueprint("directory", __name__, template_folder="templates")

        def add(rule: str, view: Callable[..., Response], method: str, **values: Any) -> None:
            name = f"{view.__name__}-{rule.replace('.', '-')}"
            paths.add_url_rule(rule, name, view, methods=[method], defaults=values)

        for version, oauth2 in ((1, "/<tenant>/oauth2"), (2, "/<tenant>/oauth2/v2.0")):
            for method in ("GET", "POST"):
                add(f"{oauth2}/authorize", self.authorize, method, version=version)
                add(f"{oauth2}/logout", self.logout, method)
            add(f"{oauth2}/token", self.token, "POST", version=version)
            add(f"{oauth2}/devicecode", self.device_code, "POST", version=version)
        for version, own, keys in ((1, "", "keys"), (2, "/v2.0", "v2.0/keys")):
            add(
                f"/<tenant>{own}/.well-known/openid-configuration", self.configuration, "GET", version=version
            )
            add(f"/<tenant>/discovery/{keys}", self.keys, "GET")
        add("/<tenant>/discovery/instance", self.instance, "GET")
        for spelling in ("userrealm", "UserRealm"):  # as MSAL and as ADAL write it
            add(f"/<tenant>/{spelling}/<user>", self.user_realm, "GET")
        for method in ("GET", "POST"):
            add("/<tenant>/oauth2/deviceauth", self.device_page, method)
            add("/<tenant>/openid/userinfo", self.user_info, method)
        add("/generatetoken", self.generate_token, "POST", audiences=EXCHANGED)
        add("/v3/generatetoken", self.generate_token, "POST", audiences=AUDIENCES)
        paths.register_error_handler(DirectoryError, lambda error: respond(error_json(error)))
        app.register_blueprint(paths)

    def reset(self) -> None:
        """As if nothing had been handed out or redeemed yet."""
        self._directory.grants.clear()
        self._devices.clear()

    # ── JSON ───────────────────────────────────────────────────────────────────────────────────────

    def token(self, tenant: str, version: int) -> Response:
        """A token for a form."""
        return self._granted(partial(self._endpoint.token, _base(), tenant, version))

    def device_code(self, tenant: str, version: int) -> Response:
        """A code to sign in with on another device."""
        return self._granted(partial(self._endpoint.device_code, _base(), tenant, version))

    def _granted(self, answer: Callable[[Fields], ApiResponse]) -> Response:
        return respond(answer(read_fields(request.form, request.headers.get("Authorization"))))

    def _told(self, content: Callable[[Fields], Mapping[str, Any]]) -> Response:
        return respond(json_response(content(read_fields(request.args))))

    def configuration(self, tenant: str, version: int) -> Response:
        """The discovery document."""
        identity = self._directory.identity
        return self._told(lambda _: openid_configuration(identity, _base(), tenant, version))

    def keys(self, tenant: str) -> Response:
        """What signatures are verified by."""
        return self._told(lambda _: self._directory.tokens.signing.key_set)

    def instance(self, tenant: str) -> Response:
        """Whether an authority is one."""
        return self._told(
            lambda sent: instance_discovery(_base(), request.host, sent.required("authorization_endpoint"))
        )

    def user_realm(self, tenant: str, user: str) -> Response:
        """Who checks a user's password."""
        return self._told(lambda _: user_realm(user))

    def user_info(self, tenant: str) -> Response:
        """Who the bearer token speaks for."""
        return self._told(lambda _: self._who())

    def _who(self) -> dict[str, Any]:
        try:
            token = self._authenticator.authenticate(request.headers.get("Authorization"), None)
        except ApiError as error:
            raise DirectoryError("token") from error
        return user_info(token)

    def generate_token(self, audiences: tuple[str, ...]) -> Response:
        """One of Partner Center's own tokens for the directory's."""
        token = self._authenticator.authenticate(request.headers.get("Authorization"), audiences)
        return respond(self._endpoint.exchanged(token, _sent_once("grant_type")))

    # ── Pages ──────────────────────────────────────────────────────────────────────────────────────

    def authorize(self, tenant: str, version: int) -> Response:
        """Sign a user in, and send the browser back to the application."""
        decision = request.form.get("decision")
        sent = request.form if request.method == "POST" and decision is None else request.args
        try:
            asked = authorize.addressed(self._directory, tenant, version, read_fields(sent))
        except DirectoryError as error:
            return _failed("The sign-in failed", error)
        try:
            authorize.check(self._directory, asked)
            if decision is None and self._sign_in is SignIn.ASK:
                if asked.fields.get("prompt") == "none":
                    raise DirectoryError("sign-in-needed")
                return self._sign_in_page(asked)
            if decision not in (None, "accept"):
                raise DirectoryError("declined")
            hint = asked.fields.get("login_hint")
            user = self._user(asked.tenant, hint) if decision is None else self._chosen(asked.tenant)
            answer = authorize.signed_in(self._directory, _base(), asked, user)
        except DirectoryError as error:
            if decision == "accept":
                return self._sign_in_page(asked, error)
            answer = authorize.refused(asked, error)
        return _sent_back(asked, answer)

    def device_page(self, tenant: str) -> Response:
        """Where the code of another device is typed."""
        try:
            code = read_fields(request.values).get("user_code", "")
        except DirectoryError as error:
            return _failed("The sign-in failed", error)
        decision, problem = request.form.get("decision"), None
        if decision is not None:
            try:
                user = self._chosen(tenant) if decision == "accept" else None
                if self._devices.decide(code, user):
                    words = "You may close this page." if user else "The device will not be signed in."
                    heading = "You are signed in on your device" if user else "You have declined"
                    return _page("message.html", heading=heading, words=words)
                problem = "No device waits for this code."
            except DirectoryError as error:
                problem = error.words
        return self._form(tenant, problem, asks_code=True, user_code=code)

    def logout(self, tenant: str) -> Response:
        """Nobody stays signed in here; the state goes back (OpenID Connect RP-Initiated Logout 1.0)."""
        try:
            fields = read_fields(request.values)
        except DirectoryError as error:
            return _failed("The sign-out failed", error)
        back = fields.get("post_logout_redirect_uri", "")
        registered = (uri for app in self._directory.identity.apps for uri in app.redirectUris)
        if authorize.is_loopback(back) or back in registered:
            location = authorize.with_parameters(back, authorize.with_state(fields, {}))
            return respond(ApiResponse(302, headers=(("Location", location), *UNCACHED), content_type=None))
        return _page("message.html", heading="You are signed out", words="You may close this page.")

    def _sign_in_page(self, asked: AuthorizeRequest, error: DirectoryError | None = None) -> Response:
        fields = asked.fields
        return self._form(
            asked.tenant,
            None if error is None else error.words,
            app=asked.app.id,
            scope=fields.get("scope") or fields.get("resource", "no resource as yet"),
            redirect_uri=asked.redirect_uri,
            hint=fields.get("login_hint"),
        )

    def _form(self, tenant: str, problem: str | None, hint: str | None = None, **content: Any) -> Response:
        try:
            user = self._user(tenant, request.form.get("username") or hint)
        except DirectoryError:
            user = self._user(tenant, None)
        users = self._directory.identity.users[:_MAX_SHOWN]
        status = 200 if problem is None else 400
        return _page("sign_in.html", status, problem=problem, user=user, users=users, **content)

    def _user(self, tenant: str, name: str | None) -> User:
        identity = self._directory.identity
        return (
            identity.default_user(tenant)
            if name is None
            else identity.user(name, identity.tenant(tenant, name))
        )

    def _chosen(self, tenant: str) -> User:
        """The user the page's form names, with or without a second factor."""
        user = self._user(tenant, request.form.get("username") or None)
        return replace(user, mfa=request.form.get("mfa") == "yes")


def directory_failure(error: Exception) -> DirectoryError | None:
    """What Flask found wrong with a request, in the directory's words; None: a fault of ours."""
    if isinstance(error, NotFound):
        return DirectoryError("no-endpoint", request.path)
    if isinstance(error, MethodNotAllowed):
        allowed = " and ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
        return DirectoryError("post-only", allowed)
    if isinstance(error, RequestEntityTooLarge):
        return DirectoryError("body-too-long")
    if isinstance(error, RequestTimeout):
        return DirectoryError("body-late")
    if isinstance(error, HTTPException) and (error.code or 500) < 500:
        return DirectoryError("invalid", "body")
    return None


def error_json(error: DirectoryError, headers: tuple[tuple[str, str], ...] = ()) -> ApiResponse:
    """The answer that reports an error; a 401 says how to prove who asks (RFC 9110, section 15.5.2)."""
    if error.row.status == 401:
        headers = (*headers, ("WWW-Authenticate", _CHALLENGES[error.row.error]))
    return json_response(
        error.body(), status=error.row.status, headers=(*UNCACHED, *headers), note=Note(error.name)
    )


def _sent_once(name: str) -> object:
    """A value of a body of JSON or of a form; None where it is absent, doubled or not readable."""
    try:
        content = request.get_json(silent=True)
    except RecursionError:
        return None
    if isinstance(content, dict):
        return content.get(name)
    values = request.form.getlist(name)
    return values[0] if len(values) == 1 else None


def _base() -> str:
    return request.root_url.rstrip("/")


def _sent_back(asked: AuthorizeRequest, answer: dict[str, str]) -> Response:
    if asked.response_mode == "form_post":
        return _page("form_post.html", action=asked.redirect_uri, parameters=answer)
    location = ("Location", asked.location(answer))
    return respond(ApiResponse(302, headers=(location, *UNCACHED), content_type=None))


def _failed(heading: str, error: DirectoryError) -> Response:
    return _page("message.html", 400, heading=heading, words=error.description)


def _page(template: str, status: int = 200, **content: Any) -> Response:
    nonce = secrets.token_urlsafe(12)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = (("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"), *UNCACHED)
    html = render_template(template, nonce=nonce, **content)
    return respond(ApiResponse(status, html.encode(), headers, _HTML))
