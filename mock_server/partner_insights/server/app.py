"""World, catalogue and settings → the Flask application: addresses wired to decisions, bytes to responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from partner_insights.server.admin.admin import Admin
from partner_insights.server.api.replay import Replay
from partner_insights.server.api.service import Service
from partner_insights.server.auth.token_endpoint import TokenEndpoint, openid_configuration
from partner_insights.server.auth.tokens import Tokens
from partner_insights.server.console.views import Console
from partner_insights.server.cors import Cors
from partner_insights.server.http.errors import ApiError, http_error_response
from partner_insights.server.http.response import ApiResponse, json_response, request_headers, respond
from partner_insights.server.http.rsgi_request import MAX_BODY
from partner_insights.server.middleware import ApiMiddleware
from partner_insights.server.response_cache import ResponseCache
from partner_insights.server.settings import AuthMode, Settings
from partner_insights.server.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.world import World

_SLASHES: Final = re.compile("/{2,}")


def create_app(world: World, catalogue: Catalogue, settings: Settings) -> Flask:
    """The fake as a WSGI application. InputError where the settings' scenarios are unknown or contradict."""
    state = State(world, settings.scenarios, bom=settings.bom)
    tokens = Tokens(settings.token_key)
    service = (
        Service(catalogue, state, settings, tokens)
        if settings.recording is None
        else Replay(catalogue, state, settings, tokens, settings.recording)
    )
    app = _Fake(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # it would redirect; TolerantPaths serves a doubled slash in place
    for operation in catalogue.operations.values():
        _add_operation(app, service, operation)
    _add_token_endpoints(app, TokenEndpoint(tokens, settings.auth != AuthMode.JWT))
    _add_discovery(app)
    middleware = ApiMiddleware(
        TolerantPaths(app.wsgi_app),
        catalogue,
        state,
        tokens,
        ResponseCache(state, service.gate),
        Cors(frozenset(settings.cors_origins)) if settings.cors_origins else None,
    )
    admin = Admin(state, settings, middleware)
    admin.add_to(app)
    Console(catalogue, state, settings, tokens, admin).add_to(app)
    app.register_error_handler(Exception, lambda error: _failure(app, service, error))
    app.wsgi_app = middleware  # type: ignore[method-assign]  # Flask's documented way to wrap
    return app


class _Fake(Flask):
    """Flask that answers OPTIONS in the common headers too."""

    def make_default_options_response(self) -> Response:
        """The methods of the address, without a body."""
        allowed = super().make_default_options_response().headers["Allow"]
        allow = ("Allow", ", ".join(sorted(allowed.split(", "))))
        return respond(ApiResponse(204, headers=(allow,), content_type=None))


class TolerantPaths:
    """Doubled and trailing slashes → the plain path: one known client asks for `/v1//customers`."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the request under the plain path."""
        path = environ.get("PATH_INFO", "")
        environ["PATH_INFO"] = "/" + _SLASHES.sub("/", path).strip("/")
        return self._application(environ, start_response)


def _add_operation(app: Flask, service: Service, operation: Operation) -> None:
    def view(**values: str) -> Response:
        named = dict(zip(operation.parameters, values.values(), strict=True))
        return respond(
            service.answer(operation, named.get("customer-id"), request.args, request_headers(), named)
        )

    # Flask wants names of Python in a path: the parameters are told by their place.
    rule = operation.path
    for place, name in enumerate(operation.parameters):
        rule = rule.replace("{" + name + "}", f"<p{place:02d}>")
    app.add_url_rule(rule, operation.id, view, methods=[operation.method])


def _add_token_endpoints(app: Flask, endpoint: TokenEndpoint) -> None:
    def view(tenant: str, version: int) -> Response:
        authorization = request.headers.get("Authorization")
        return respond(endpoint.answer(tenant, version, request.method, request.form, authorization))

    for version, rule in ((1, "/<tenant>/oauth2/token"), (2, "/<tenant>/oauth2/v2.0/token")):
        # GET comes here too, to be refused in the directory's dialect.
        app.add_url_rule(
            rule, f"token-v{version}", view, methods=["GET", "POST"], defaults={"version": version}
        )


def _add_discovery(app: Flask) -> None:
    def view(tenant: str, version: int) -> Response:
        return respond(json_response(openid_configuration(request.host_url.rstrip("/"), tenant, version)))

    for version, rule in ((1, "/<tenant>"), (2, "/<tenant>/v2.0")):
        app.add_url_rule(
            f"{rule}/.well-known/openid-configuration",
            f"discovery-v{version}",
            view,
            methods=["GET"],
            defaults={"version": version},
        )


def _failure(app: Flask, service: Service, error: Exception) -> Response:
    """Whatever goes wrong in Flask or in us, in the API's dialect; never a word of what went wrong inside."""
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
