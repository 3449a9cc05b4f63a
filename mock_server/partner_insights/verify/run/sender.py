"""What a request is to differ in → the request, sent with the token it names, and its exchange."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlencode

from partner_insights.errors import TargetUnreachable
from partner_insights.verify.judge.exchange import Exchange, Failure, Headers, Request, Token, WireFault
from partner_insights.verify.judge.framing import field_findings
from partner_insights.verify.run.client import Client, Secret, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import NoReturn

    from partner_insights.verify.run.results import Results
    from partner_insights.verify.run.target import Target

THROTTLED_RETRIES = 3

SERVICE_FAILURES = frozenset({500, 502, 503, 504})
"""A request that is answered so is sent again, once: a service fails now and then."""

MANY_FAILURES = 3
"""So many requests that failed at first, and it was no chance."""


class Details(TypedDict, total=False):
    """How a request differs from a plain GET of an operation by the App+User token."""

    customer: str | None
    known: bool | None
    """Whether the customer is the partner's, as it is by default; None where that is not known."""
    method: str
    token: Token
    authorization: str | None
    """Sent in a token's place, for `Token.INVALID`; with `bearer`, what a report says of it."""
    bearer: Secret
    """The value of Authorization that no report may show."""
    headers: Mapping[str, str]
    query: Iterable[tuple[str, str]]
    path: str
    """In place of the operation's."""


class RequestSender:
    """Builds the requests of one session, and sends them with the tokens that no report shows."""

    def __init__(self, target: Target, results: Results, throttled: Callable[[Exchange], None]) -> None:
        """`throttled` is given each 429; then the request is sent again when the server says."""
        secrets = [token for token in (target.token, target.app_only) if token is not None]
        self.client = Client(
            target.url, secrets, rate=target.rate, ceiling=target.max_requests, ca_file=target.ca_file
        )
        self._target = target
        self._results = results
        self._throttled = throttled
        self._failures = 0

    def request(self, operation: str | None, path: str, details: Details) -> Request:
        """The request of a path; the variable's name stands in the token's place."""
        customer, query = details.get("customer"), tuple(details.get("query", ()))
        token = details.get("token", Token.USER)
        return Request(
            method=details.get("method", "GET"),
            url=self._target.url + (f"{path}?{urlencode(list(query))}" if query else path),
            headers=self._headers(token, details.get("authorization"), details.get("headers", {})),
            operation=operation,
            customer=customer,
            customer_known=details.get("known", True) if customer is not None else None,
            query=query,
            token=token,
        )

    def send(self, request: Request, bearer: Secret | None = None) -> Exchange:
        """The exchange; TargetUnreachable where no connection can be made, Stopped where none may be."""
        with self._stopping():
            exchange = self._past_throttling(request, bearer)
            failed = exchange.response
            if failed is None or failed.status not in SERVICE_FAILURES or self.client.left == 0:
                return exchange
            again = self._past_throttling(request, bearer)
            if again.response is None or again.response.status in SERVICE_FAILURES:
                return again
            faults = [self._failure_fault(failed.status, again.response.status)]
            faults += [
                WireFault(each.code, each.message, each.certain) for each in field_findings(request, failed)
            ]
            return replace(again, response=replace(again.response, faults=(*again.response.faults, *faults)))

    def _past_throttling(self, request: Request, bearer: Secret | None) -> Exchange:
        """The answer once the service takes the request."""
        path = request.url[len(self._target.url) :]
        for _ in range(THROTTLED_RETRIES + 1):
            authorization = bearer or self._authorization(request.token)
            outcome = self.client.send(request.method, path, request.headers, authorization)
            self._results.requests = self.client.sent
            if isinstance(outcome, Failure):
                if outcome.unreached and self.client.answered == 0:
                    raise TargetUnreachable(outcome.reason, where=self._target.url)
                return Exchange(request, None, outcome)
            exchange = Exchange(request, outcome)
            if outcome.status != 429:
                return exchange
            self._throttled(exchange)
        raise Stopped(f"the server throttled {THROTTLED_RETRIES + 1} requests in a row")

    def _failure_fault(self, first: int, then: int) -> WireFault:
        self._failures += 1
        words = f"the service answered {first}, and {then} when the request was sent again"
        return WireFault("PI323", words, certain=self._failures >= MANY_FAILURES)

    def stop(self, reason: str) -> NoReturn:
        """Stopped, now and for whatever would be sent later."""
        self.client.stop(reason)
        with self._stopping():
            raise Stopped(reason)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Note in the results why a run ends early."""
        try:
            yield
        except Stopped as reason:
            self._results.stopped = str(reason)
            raise

    def _headers(self, token: Token, authorization: str | None, headers: Mapping[str, str]) -> Headers:
        given = {"Accept": "application/json", "Accept-Encoding": "gzip"} | dict(headers)
        if authorization is not None:
            given["Authorization"] = authorization
        elif token is not Token.ABSENT and self._secret(token) is not None:
            given["Authorization"] = f"Bearer ${self._variable(token)}"
        return tuple(given.items())

    def _variable(self, token: Token) -> str:
        return self._target.app_token_variable if token is Token.APP_ONLY else self._target.token_variable

    def _authorization(self, token: Token) -> Secret | None:
        secret = self._secret(token)
        return None if secret is None else Secret(f"Bearer {secret.reveal()}")

    def _secret(self, token: Token) -> Secret | None:
        return {Token.USER: self._target.token, Token.APP_ONLY: self._target.app_only}.get(token)
