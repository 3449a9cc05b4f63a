"""The answers of a run → whether its token is taken, for whom it is, and when it is taken no more."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.verify.judge.exchange import Token
from partner_insights.verify.options import TOKEN_ENV
from partner_insights.verify.run.client import Stopped
from partner_insights.verify.run.invalid_tokens import is_of_a_user

if TYPE_CHECKING:
    from partner_insights.verify.judge.exchange import Exchange, Request
    from partner_insights.verify.run.results import Results
    from partner_insights.verify.run.sender import RequestSender
    from partner_insights.verify.run.target import Target


class TokenWatch:
    """Tells what is wrong with the token from what is wrong with the service."""

    def __init__(self, target: Target, sender: RequestSender, results: Results) -> None:
        self._target = target
        self._sender = sender
        self._results = results
        self._first_status: int | None = None
        self._refused = False
        self._taken: Request | None = None
        """The first plain GET with the token that was answered."""

    def note(self, exchange: Exchange) -> None:
        """Remember what an answer says of the token."""
        request, response = exchange.request, exchange.response
        if response is None:
            return
        if self._first_status is None:
            self._first_status = response.status
        if request.token is Token.USER:
            self._refused |= response.status == 401
            if self._taken is None and response.status == 200 and request.method == "GET":
                self._taken = request

    def stop_if_lost(self, exchange: Exchange) -> None:
        """Stopped, for the rest of the run, where the token is refused that was taken before."""
        request, response = exchange.request, exchange.response
        if response is None or response.status != 401 or self._taken is None:
            return
        if request.token not in (Token.USER, Token.APP_ONLY):
            return
        again = self._sender.send(self._taken).response  # tells a lost token from an operation that refuses
        if again is not None and again.status == 401:
            self._results.token_lost = True
            self._sender.stop(
                f"the token in {self._target.token_variable} is refused that was taken before: it has expired"
            )

    def require_usable(self, licence_analytics: Request | None) -> None:
        """InputError where nothing can be said of the service's answers because of the token.

        `licence_analytics` is a plain GET of an operation that is for users alone, if there is one.
        """
        if self._target.token is None:
            self._require_an_open_server()
        if self._refused and not self._target.own:
            raise InputError(
                f"the server refuses the token in {self._target.token_variable} (401)",
                where=self._target.url,
                remedy="put a fresh App+User access token into it",
            )
        if licence_analytics is not None:
            self._require_a_user_token(licence_analytics)

    def _require_an_open_server(self) -> None:
        """The first plain read, which had no token, has to be answered."""
        if self._first_status is not None and 200 <= self._first_status < 300:
            return
        variable = self._target.token_variable
        status = f", and without one the server answers {self._first_status}" if self._first_status else ""
        raise InputError(
            f"the environment variable {variable} holds no token{status}",
            where="--url" if variable == TOKEN_ENV else "--token-env",
            remedy=f"put an App+User access token into {variable}, or name another variable with --token-env",
        )

    def _require_a_user_token(self, licence_analytics: Request) -> None:
        """The licence analytics refuse the token, and it does not say that it is a user's.

        What a user's token is refused for is the server's to explain: then the tests find it.
        """
        token = self._target.token
        if token is None or self._target.own or self._taken is None:
            return
        of_user = is_of_a_user(token.reveal())
        refused = (403,) if of_user is None else (401, 403, 500)
        with suppress(Stopped):
            response = self._sender.send(licence_analytics).response
            if response is not None and response.status in refused and not of_user:
                raise InputError(
                    f"the token in {self._target.token_variable} is none of a user: the customer list takes "
                    f"it, and the licence analytics refuse it ({response.status})",
                    where=self._target.url,
                    remedy="put an App+User access token into it: app-only ones are not for these operations",
                )
