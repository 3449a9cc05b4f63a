"""World, catalogue and settings → the Flask application: addresses wired to decisions, bytes to responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Rule

from partner_insights.server.access import OTHER_CLOUDS, Access
from partner_insights.server.admin.admin import Admin, unknown_control
from partner_insights.server.admin.session_views import SessionViews
from partner_insights.server.api.replay import Replay
from partner_insights.server.api.service import ApiRequest, Service
from partner_insights.server.auth.device_code import DeviceCodes
from partner_insights.server.auth.directory import Directory, GrantStore
from partner_insights.server.auth.endpoints import DirectoryEndpoints, directory_failure, error_json
from partner_insights.server.auth.metadata import PUBLIC_HOSTS
from partner_insights.server.auth.token_endpoint import TokenEndpoint
from partner_insights.server.auth.tokens import Tokens
from partner_insights.server.console.views import Console
from partner_insights.server.cors import Cors
from partner_insights.server.http.errors import ApiError, http_error_response
from partner_insights.server.http.request import MAX_BODY
from partner_insights.server.http.response import ApiResponse, request_headers, respond
from partner_insights.server.http.routes import is_directory_path, plain_path
from partner_insights.server.middleware import ApiMiddleware
from partner_insights.server.response_cache import MAX_BYTES, ResponseCache
from partner_insights.server.sessions import CACHE_BYTES, Sessions
from partner_insights.server.settings import AuthMode, Settings, SignIn
from partner_insights.server.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.world import World


def create_app(world: World, catalogue: Catalogue, settings: Settings) -> Flask:
    """The fake as a WSGI application. InputError where the settings' scenarios are unknown or contradict."""
    return _application(world, catalogue, settings, Tokens(settings.token_key, world.seed), Sessions())


def _application(
    world: World,
    catalogue: Catalogue,
    settings: Settings,
    tokens: Tokens,
    sessions: Sessions[ApiMiddleware] | None,
) -> Flask:
    """A fake, or without `sessions` one session of a fake."""
    state = State(world, settings.scenarios, bom=settings.bom, identity=settings.identity)
    service = (
        Service(catalogue, state, settings, tokens)
        if settings.recording is None
        else Replay(catalogue, state, settings, tokens, settings.recording)
    )
    app = _Fake(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # it would redirect; _Fake serves a doubled slash in place
    for operation in catalogue.operations.values():
        _add_operation(app, service, operation)
    grants = GrantStore(settings.grant_store)
    directory = Directory(state, tokens, settings.auth != AuthMode.JWT, grants)
    devices = DeviceCodes(directory, signs_in_alone=settings.sign_in is SignIn.AUTO)
    endpoints = DirectoryEndpoints(TokenEndpoint(directory, devices), service.gate, settings.sign_in)
    endpoints.add_to(app)
    middleware = ApiMiddleware(
        app.wsgi_app,
        catalogue,
        state,
        tokens,
        ResponseCache(state, service.gate, MAX_BYTES if sessions is not None else CACHE_BYTES),
        _access(catalogue, settings),
        sessions,
    )
    views = None
    if sessions is not None and settings.recording is None:

        def session(world: World, settings: Settings) -> ApiMiddleware:
            made = _application(world, catalogue, settings, tokens, None).wsgi_app
            return cast("ApiMiddleware", made)

        views = SessionViews(sessions, session, world, settings)
    admin = Admin(state, settings, middleware, endpoints, views)
    admin.add_to(app)
    Console(catalogue, state, settings, tokens, admin).add_to(app)
    app.register_error_handler(Exception, lambda error: _failure(app, service, error))
    app.wsgi_app = middleware  # type: ignore[method-assign]  # Flask's documented way to wrap
    return app


class _MatchedRule(Rule):
    """A rule that is matched, and never written out as a URL: that half takes most of a start.

    Should Werkzeug rename the method, both halves are made again.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _no_url


def _no_url(*_: object, **__: object) -> tuple[str, str]:
    raise NotImplementedError("no URL is built from a rule")


def _access(catalogue: Catalogue, settings: Settings) -> Access:
    cors = Cors(frozenset(settings.cors_origins)) if settings.cors_origins else None
    real = (urlsplit(catalogue.base_url).hostname or "", *PUBLIC_HOSTS, *OTHER_CLOUDS)
    return Access.of(settings.allowed_hosts, real, cors, local=settings.trust_loopback)


class _Fake(Flask):
    """Flask that takes every spelling of a path, and answers OPTIONS in the common headers too."""

    url_rule_class = _MatchedRule

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request under the plain path: one known client asks for `/v1//customers`."""
        environ["PATH_INFO"] = plain_path(environ.get("PATH_INFO", ""))
        return super().wsgi_app(environ, start_response)

    def make_default_options_response(self) -> Response:
        """The methods of the address, without a body."""
        allowed = super().make_default_options_response().headers["Allow"]
        allow = ("Allow", ", ".join(sorted(allowed.split(", "))))
        return respond(ApiResponse(204, headers=(allow,), content_type=None))


def _add_operation(app: Flask, service: Service, operation: Operation) -> None:
    def view(**values: str) -> Response:
        named = dict(zip(operation.parameters, values.values(), strict=True))
        return respond(service.answer(ApiRequest(operation, named, request.args, request_headers())))

    # Flask wants names of Python in a path: the parameters are told by their place.
    for path in (operation.path, *operation.aliases):
        rule = plain_path(path)
        for place, name in enumerate(operation.parameters):
            rule = rule.replace("{" + name + "}", f"<p{place:02d}>")
        app.add_url_rule(rule, operation.id, view, methods=[operation.method])


def _failure(app: Flask, service: Service, error: Exception) -> Response:
    """Whatever goes wrong in Flask or in us, in the path's dialect; never a word of what was wrong inside."""
    refused = directory_failure(error) if is_directory_path(request.path) else None
    if refused is not None:
        allow = getattr(error, "valid_methods", None)
        headers = (("Allow", ", ".join(sorted(allow))),) if allow else ()
        return respond(error_json(refused, headers))
    if isinstance(error, NotFound | MethodNotAllowed) and f"{request.path}/".startswith("/_admin/"):
        return unknown_control(app.url_map, error)
    if isinstance(error, ApiError):
        return respond(service.error_response(error))
    if isinstance(error, NotFound):
        return respond(service.error_response(ApiError("not-found")))
    if isinstance(error, MethodNotAllowed):
        allowed = {"Allow": ", ".join(sorted(error.valid_methods or ()))}
        return respond(service.error_response(ApiError("method-not-allowed", headers=allowed)))
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        return respond(http_error_response(error))
    app.logger.error(
        "request %s failed: %s %r", request_headers().request_id, request.method, request.path, exc_info=error
    )
    return respond(service.error_response(ApiError("internal-error")))
