"""One run of the contract suite against one server: requests, judges, records, and reports violations."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack
from urllib.parse import quote, urlencode

from hypothesis.errors import Flaky

from partner_insights.contract import Catalogue, Severity
from partner_insights.errors import InputError, TargetUnreachable
from partner_insights.verify.judge.exchange import Exchange, Failure, Headers, Request, Response, Token
from partner_insights.verify.judge.expected import expectation
from partner_insights.verify.judge.http_checks import ECHOED, http_finding
from partner_insights.verify.judge.json_body import read_body
from partner_insights.verify.judge.judge import (
    differ,
    is_without_relationship,
    judge_exchange,
    judge_head,
    judge_repeat,
    judge_sums,
    observe,
)
from partner_insights.verify.judge.rows import success_of
from partner_insights.verify.judge.rule_registry import service_findings
from partner_insights.verify.judge.schema_checks import SchemaCheckCache
from partner_insights.verify.judge.service_rules import ServiceFacts
from partner_insights.verify.judge.violation import Observation, Violation, violation
from partner_insights.verify.options import TOKEN_ENV
from partner_insights.verify.recordings.fast_path import FastPath
from partner_insights.verify.report.pseudonyms import Pseudonyms
from partner_insights.verify.run.client import Client, Secret, Stopped
from partner_insights.verify.run.customer_list import (
    MAX_PAGES,
    PAGE_SIZE,
    ListedCustomers,
    Query,
    Reading,
    customer_list,
    listed_customers,
    read_pages,
)
from partner_insights.verify.run.examples import FOREIGN_EXAMPLES, OWN_EXAMPLES, run_examples
from partner_insights.verify.run.invalid_tokens import invalid_token, is_of_a_user
from partner_insights.verify.run.path_values import UNLISTED_ID, PathValues, listed_parameter
from partner_insights.verify.run.results import ContractViolated, Results
from partner_insights.verify.run.target import refuse_api_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hypothesis.strategies import SearchStrategy

    from partner_insights.contract import Operation
    from partner_insights.verify.judge.violation import Finding
    from partner_insights.verify.run.target import Target

T = TypeVar("T")

THROTTLED_RETRIES = 3
MAX_REFUSED = 10
"""Customers that are tried to find one that is answered."""
SAMPLE = 50
"""Customers whose rows are added up where requests do not suffice for all; whose own answers are compared."""
READING = ("GET", "HEAD")
"""All that is ever sent to a server that is not ours."""


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


class SuiteSession:
    """Sends requests to a target and judges every response; what it finds is in `results`."""

    def __init__(self, target: Target, catalogue: Catalogue, record: Results | None = None) -> None:
        self.target = target
        self.catalogue = catalogue
        self.results = record if record is not None else Results()
        secrets = [token for token in (target.token, target.app_only) if token is not None]
        self._client = Client(
            target.url, secrets, rate=target.rate, ceiling=target.max_requests, ca_file=target.ca_file
        )
        self._pseudonyms = None if target.show_customers else Pseudonyms(target.pseudonym_key)
        self._pending: ContractViolated | None = None
        self._shapes = SchemaCheckCache()
        self._fast_path = FastPath(catalogue)
        self._token_refused = False
        self._taken: Request | None = None
        """The first plain GET with the token that was answered."""
        self._said: dict[tuple[object, ...], tuple[Finding, ...]] = {}
        self._made_up_ids: set[str] = set()
        self._answered: dict[str, str] = {}
        self.facts = ServiceFacts()
        self._first_status: int | None = None
        self._observed: set[tuple[str | None, int]] = set()
        self.whole_answers: dict[str, list[dict[str, Any]]] = {}
        """All rows of operations with a query language, as far as they were read."""

    def __repr__(self) -> str:
        return f"<suite session of {self.target.name}>"

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def reach(self) -> None:
        """Read the customer list; TargetUnreachable where no connection can be made.

        InputError where somebody's server refuses the token, or answers nothing without one where there is
        none: then nothing can be said of its responses. InputError, too, where the URL has a path of the API.
        """
        if not self.target.own:
            refuse_api_path(self.target.url, (each.path for each in self.catalogue.operations.values()))
        with suppress(Stopped, ContractViolated):
            if self._customer_list is None and self.catalogue.operations:
                first = next(iter(self.catalogue.operations))
                self.check(first, customer=self.customer_for(first))
            self.customers  # noqa: B018 - read for its requests, and remembered
        if self.target.token is None:
            self._require_an_open_server()
        if self._token_refused and not self.target.own:
            raise InputError(
                f"the server refuses the token in {self.target.token_variable} (401)",
                where=self.target.url,
                remedy="put a fresh App+User access token into it",
            )
        self._require_a_user_token()

    def _require_a_user_token(self) -> None:
        """InputError where the licence analytics refuse the token, and it does not say that it is a user's.

        What a user's token is refused for is the server's to explain: then the tests find it.
        """
        token, operation = self.target.token, self._partner_operation
        if token is None or operation is None or self.target.own or self._taken is None:
            return
        of_user = is_of_a_user(token.reveal())
        refused = (403,) if of_user is None else (401, 403, 500)
        with suppress(Stopped):
            response = self._sent(self._request(operation)).response
            if response is not None and response.status in refused and not of_user:
                raise InputError(
                    f"the token in {self.target.token_variable} is none of a user: the customer list takes "
                    f"it, and the licence analytics refuse it ({response.status})",
                    where=self.target.url,
                    remedy="put an App+User access token into it: app-only ones are not for these operations",
                )

    @property
    def _partner_operation(self) -> str | None:
        """One of our own operations about the partner as a whole."""
        operations = self.catalogue.operations.values()
        return next((each.id for each in operations if each.seed and not each.per_customer), None)

    def _stop_without_token(self, exchange: Exchange) -> None:
        """Stopped, for the rest of the run, where the token is refused that was taken before."""
        request, response = exchange.request, exchange.response
        if response is None or response.status != 401 or self._taken is None:
            return
        if request.token not in (Token.USER, Token.APP_ONLY):
            return
        again = self._sent(self._taken).response  # tells a lost token from an operation that refuses it
        if again is not None and again.status == 401:
            self.results.token_lost = True
            reason = (
                f"the token in {self.target.token_variable} is refused that was taken before: it has expired"
            )
            self._client.stop(reason)
            with self.stopping():
                raise Stopped(reason)

    def _require_an_open_server(self) -> None:
        """InputError unless the first plain read, which had no token, was answered."""
        if self._first_status is not None and 200 <= self._first_status < 300:
            return
        variable = self.target.token_variable
        status = f", and without one the server answers {self._first_status}" if self._first_status else ""
        raise InputError(
            f"the environment variable {variable} holds no token{status}",
            where="--url" if variable == TOKEN_ENV else "--token-env",
            remedy=f"put an App+User access token into {variable}, or name another variable with --token-env",
        )

    # ── Requests ─────────────────────────────────────────────────────────────────────────────────────

    def check(self, operation: str | None, **details: Unpack[Details]) -> Exchange:
        """Send one request, judge and record the answer; ContractBroken where it breaks the contract.

        An operation of None is a path that no operation has. Stopped (a skip) where no further request may
        be sent.
        """
        request = self._request(operation, **details)
        if request.method not in READING and not self.target.own:
            raise ValueError(f"{request.method} is never sent to a server that is not our own fake")
        exchange = self._send(request, details.get("bearer"))
        self._note(exchange)
        self._judge(exchange)
        return exchange

    def path(self, operation: str, customer: str | None) -> str:
        """The operation's path, percent-encoded; KeyError for an unknown operation."""
        described = self.catalogue.operations[operation]
        if not set(described.parameters) - {"customer-id"}:
            return described.path.replace("{customer-id}", quote(customer or "", safe=""))
        return self.discovery.path(described, customer, self._lister(customer))

    def _lister(self, customer: str | None) -> str | None:
        """The customer whose lists show what to request: that of the path, where there is such a customer."""
        if customer is None or customer.lower() in {each.lower() for each in self.customers.ids}:
            return customer
        return next(iter(self.customers.ids), None)

    @cached_property
    def discovery(self) -> PathValues:
        """What the server's lists show for the parameters of paths."""
        return PathValues(self.catalogue, lambda listing, path: self.check(listing, path=path))

    def require(self, *operations: str) -> None:
        """Stopped (a skip) where one of our own operations is not among those that are judged."""
        for name in operations:
            operation = self.catalogue.operations.get(name)
            if operation is None or operation.synthetic:
                raise Stopped(f"{name} is not judged here")

    def unknown_item(self, operation: str) -> None:
        """Request an item that no list shows; Stopped (a skip) where no list shows the path's values."""
        described = self.catalogue.operations[operation]
        parameter = listed_parameter(described, self.catalogue)
        if parameter is None:
            raise Stopped("no list shows the values of this path")
        customer = self.customer_for(operation)
        path = self.discovery.path(described, customer, customer, {parameter: UNLISTED_ID})
        self.check(None, path=path)

    def report(self, violations: list[Violation]) -> None:
        """Record what was found; ContractBroken where any of it is an error."""
        if self._pseudonyms is not None:
            violations = self._pseudonyms.violations(violations)
        self.results.add(violations)
        errors = [violation for violation in violations if violation.severity is Severity.ERROR]
        if errors:
            self._pending = ContractViolated(errors)
            raise self._pending

    def _judge(self, exchange: Exchange) -> None:
        self.report([*self._own_violations(exchange), *self._violations_of_service(exchange)])

    def _violations_of_service(self, exchange: Exchange) -> Iterator[Violation]:
        """Where an answer does not go with those before it."""
        for name in ECHOED:
            made_up = exchange.response.header(name) if exchange.response is not None else None
            if made_up and exchange.request.header(name) is None:
                if made_up.lower() in self._made_up_ids:
                    message = f"the {name} that the service made up was that of another answer, too"
                    yield violation(http_finding("PI319", message), exchange.request, self.target.profile)
                self._made_up_ids.add(made_up.lower())
        response, request = exchange.response, exchange.request
        if response is None or response.status != 200 or request.method != "GET":
            return
        key = (request.operation, request.customer, request.header("X-Locale"), hash(response.body))
        if key not in self._said:
            found = success_of(exchange, self.catalogue)
            self._said[key] = tuple(service_findings(found, self.facts)) if found is not None else ()
        for finding in self._said[key]:
            yield violation(finding, request, self.target.profile)

    def _own_violations(self, exchange: Exchange) -> list[Violation]:
        request, response = exchange.request, exchange.response
        clean = (
            request.method == "GET"
            and response is not None
            and response.status == 200
            and request.operation is not None
            and self._fast_path.valid_operation(response.body) == request.operation
        )
        return judge_exchange(
            exchange, self.catalogue, profile=self.target.profile, shapes=self._shapes, clean=clean
        )

    def refuse_token(self, operation: str, kind: str) -> None:
        """Send an invalid token by GET and by HEAD, which both have to refuse it."""
        token = self.target.token
        invalid = invalid_token(kind, token.reveal() if token is not None else "")
        details: Details = {"customer": self.customer_for(operation), "token": Token.ABSENT}
        if invalid.sent is not None:
            self._client.hide(invalid.sent)
            details["token"], details["bearer"] = Token.INVALID, invalid.sent
            details["authorization"] = f"[{invalid.words}]"
        for_method: Callable[[str], object] = lambda method: self.check(  # noqa: E731 - as `each` takes it
            operation, **(details | Details(method=method))
        )
        self.each(for_method, READING)

    def each(self, test: Callable[[T], object], values: Iterable[T]) -> None:
        """Run a test for every value, and raise what the first of them raises."""
        failures: list[ContractViolated] = []
        for value in values:
            try:
                test(value)
            except ContractViolated as failure:
                failures.append(failure)
        if failures:
            raise ContractViolated([each for failure in failures for each in failure.violations])

    def head_like_get(self, operation: str, customer: str | None) -> None:
        """Send GET and HEAD, and compare the responses."""
        get = self.check(operation, customer=customer)
        head = self.check(operation, customer=customer, method="HEAD")
        self.report(judge_head(get, head, profile=self.target.profile))

    def same_again(self, operation: str, customer: str | None, headers: Mapping[str, str]) -> None:
        """Send the request twice, and compare the responses."""
        first = self.check(operation, customer=customer, headers=headers)
        again = self.check(operation, customer=customer, headers=headers)
        if differ(first, again):
            third = self.check(operation, customer=customer, headers=headers)
            self.report(judge_repeat(first, again, third, profile=self.target.profile))

    def sums(self, partner: str, customer_operation: str) -> None:
        """Get the partner's rows and every customer's, and compare the sums."""
        total = self.check(partner)
        parts = [self.check(customer_operation, customer=customer) for customer in self.customers.ids]
        profile = self.target.profile
        self.report(judge_sums(total, parts, self.catalogue, profile=profile, facts=self.facts))

    def sums_of_some(self, partner: str, customer_operation: str) -> None:
        """The same where there are more customers than requests: what some have, the partner has at least."""
        some = self.some_customers()[:SAMPLE]
        total = self.check(partner)
        parts = [self.check(customer_operation, customer=customer) for customer in some]
        words = (
            f"the sums were tried over {len(some)} customers of {len(self.customers.ids)} or more: "
            "the requests do not suffice for all"
        )
        self.results.observe([Observation("sums-of-some", partner, "", words)])
        profile = self.target.profile
        self.report(judge_sums(total, parts, self.catalogue, profile=profile, facts=self.facts, of_all=False))

    def can_send(self, requests: int) -> bool:
        """Whether so many requests may still be sent, and leave as many for other tests."""
        return self._client.left is None or 2 * requests <= self._client.left

    # ── The customers ──────────────────────────────────────────────────────────────────────────────

    @cached_property
    def customers(self) -> ListedCustomers:
        """The customer list; what is wrong with it is recorded, and stops nothing."""
        listing = self._customer_list
        if listing is None:
            return ListedCustomers((), complete=False)
        if listing.synthetic:
            with suppress(ContractViolated):
                return listed_customers(self.check(listing.id), listing, self.catalogue)
            return ListedCustomers((), complete=False)
        return self.read_customers(PAGE_SIZE)

    @cached_property
    def _customer_list(self) -> Operation | None:
        return customer_list(self.catalogue)

    def some_customers(self) -> tuple[str, ...]:
        """The customers of the list; Stopped (a skip) where there are none to request."""
        if not self.customers.ids:
            raise Stopped("the customer list names nobody to ask for")
        return self.customers.ids

    def customer_for(self, operation: str) -> str | None:
        """The first customer that is answered, where the operation's path names one.

        One may be refused, as documented, for want of a relationship; Stopped (a skip) where all are.
        """
        if not self.catalogue.operations[operation].per_customer:
            return None
        if operation not in self._answered:
            self._answered[operation] = self._first_answered(operation)
        return self._answered[operation]

    def _first_answered(self, operation: str) -> str:
        for customer in self.some_customers()[:MAX_REFUSED]:
            exchange = self._send(self._request(operation, customer=customer))
            if not is_without_relationship(exchange, expectation(exchange.request, self.catalogue)):
                return customer
            words = "a customer of the list is refused: no commerce relationship (403, code 20002)"
            self.results.observe([Observation("customer-refused", operation, "", words)])
        raise Stopped("the customers of the list are refused for want of a commerce relationship")

    def same_customers(self, size: int | None) -> None:
        """Read the list in pages of another size, and compare it with the list."""
        reading = self._read_pages(size)
        other, known = reading.customers, self.customers
        if known.complete and other.complete and not self._are_alike(other, known):
            if not self._are_alike(self._read_pages(PAGE_SIZE).customers, known):
                return  # the list itself was renewed in between
            pages = f"pages of {size}" if size is not None else "pages of the service's own size"
            message = (
                f"in {pages} the list names {len(other.ids)} customers, in pages of {PAGE_SIZE} "
                f"{len(known.ids)}, or others, or in another order"
            )
            self._report_http("PI317", message, reading.pages[0][0].request)
        self.report(self._page_violations(reading))

    def _are_alike(self, one: ListedCustomers, other: ListedCustomers) -> bool:
        """The same customers, and on our own fake in the same order."""
        if self.target.own:
            return one.ids == other.ids
        return {guid.lower() for guid in one.ids} == {guid.lower() for guid in other.ids}

    def read_customers(self, size: int) -> ListedCustomers:
        """The customer list in pages of a size; at most `MAX_PAGES` of them where the server is not ours."""
        reading = self._read_pages(size)
        with suppress(ContractViolated):
            self.report(self._page_violations(reading))
        return reading.customers

    def _read_pages(self, size: int | None) -> Reading:
        return read_pages(self._page, size, self.catalogue, None if self.target.own else MAX_PAGES)

    def _page_violations(self, reading: Reading) -> list[Violation]:
        return [
            violation(http_finding(code, message, pointer), page.request, self.target.profile)
            for code, message, pointer, page in reading.faults
        ]

    def _report_http(self, code: str, message: str, request: Request, pointer: str = "") -> None:
        self.report([violation(http_finding(code, message, pointer), request, self.target.profile)])

    def _page(self, query: Query, headers: Mapping[str, str]) -> Exchange:
        """A page of the list, judged; what is wrong with it is recorded, and its customers are still read."""
        exchange = self._send(self._request("customers", query=query, headers=headers))
        self._note(exchange)
        with suppress(ContractViolated):
            self._judge(exchange)
        return exchange

    # ── Tests with drawn values ────────────────────────────────────────────────────────────────────

    def for_all(self, **strategies: SearchStrategy[object]) -> Callable[[Callable[..., None]], None]:
        """Decorate a test to run it at once with drawn values; the simplest that breaks it is reported."""

        def run(test: Callable[..., None]) -> None:
            self._pending = None
            examples = OWN_EXAMPLES if self.target.own else FOREIGN_EXAMPLES
            try:
                run_examples(test, strategies, examples, self.target.seed)
            except ContractViolated as broken:
                if self._pseudonyms is None:
                    raise
                # Without Hypothesis' note of the example it drew, which may hold a customer's id.
                raise ContractViolated(broken.violations) from None
            except (Stopped, Flaky):
                if self._pending is not None:
                    # The ceiling came while a violation was being simplified, or it shows only now and then.
                    raise self._pending from None
                raise

        return run

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Note in the record why a run ends early."""
        try:
            yield
        except Stopped as reason:
            self.results.stopped = str(reason)
            raise

    # ── On the wire ────────────────────────────────────────────────────────────────────────────────

    def _request(self, operation: str | None, **details: Unpack[Details]) -> Request:
        customer = details.get("customer")
        token = details.get("token", Token.USER)
        query = tuple(details.get("query", ()))
        path = details.get("path") or self.path(operation or "", customer)
        return Request(
            method=details.get("method", "GET"),
            url=self._url(path, query),
            headers=self._headers(token, details.get("authorization"), details.get("headers", {})),
            operation=operation,
            customer=customer,
            customer_known=details.get("known", True) if customer is not None else None,
            query=query,
            token=token,
        )

    def _send(self, request: Request, bearer: Secret | None = None) -> Exchange:
        """The exchange; Stopped where it shows that the token is taken no more."""
        exchange = self._sent(request, bearer)
        self._stop_without_token(exchange)
        return exchange

    def _sent(self, request: Request, bearer: Secret | None = None) -> Exchange:
        """The exchange; a throttled one is sent again when the server says, as a client should."""
        path = request.url[len(self.target.url) :]
        with self.stopping():
            for _ in range(THROTTLED_RETRIES + 1):
                authorization = bearer or self._authorization(request.token)
                outcome = self._client.send(request.method, path, request.headers, authorization)
                self.results.requests = self._client.sent
                if isinstance(outcome, Failure):
                    if outcome.unreached and self._client.answered == 0:
                        raise TargetUnreachable(outcome.reason, where=self.target.url)
                    return Exchange(request, None, outcome)
                exchange = Exchange(request, outcome)
                if outcome.status != 429:
                    return exchange
                self.results.observe(
                    [Observation("throttled", request.operation, "", "the server throttled the run")]
                )
                self.report(
                    judge_exchange(exchange, self.catalogue, profile=self.target.profile, shapes=self._shapes)
                )
            raise Stopped(f"the server throttled {THROTTLED_RETRIES + 1} requests in a row")

    def _note(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        if response is None:
            return
        if self._first_status is None:
            self._first_status = response.status
        if request.token is Token.USER:
            self._token_refused |= response.status == 401
            if self._taken is None and response.status == 200 and request.method == "GET":
                self._taken = request
        if request.operation is not None:
            self.results.operations.add(request.operation)
        if request.customer is not None and response.status == 200:
            self.results.customers.add(request.customer.lower())
        seen = (request.operation, hash(response.body))
        if seen not in self._observed:
            self._observed.add(seen)
            self._observe(exchange, response)

    def _observe(self, exchange: Exchange, response: Response) -> None:
        """Take a body in that was not seen before: its customers' names first, to keep them from reports."""
        observations = observe(exchange, self.catalogue)
        if self._pseudonyms is not None:
            self._pseudonyms.learn(read_body(response.body).value)
            observations = map(self._pseudonyms.observation, observations)
        self.results.observe(observations)
        self.results.census.take(exchange, self.catalogue)

    def _url(self, path: str, query: Iterable[tuple[str, str]]) -> str:
        words = urlencode(list(query))
        return self.target.url + (f"{path}?{words}" if words else path)

    def _headers(self, token: Token, authorization: str | None, headers: Mapping[str, str]) -> Headers:
        """What is sent, the variable's name in the token's place."""
        given = {"Accept": "application/json", "Accept-Encoding": "gzip"} | dict(headers)
        if authorization is not None:
            given["Authorization"] = authorization
        elif token is not Token.ABSENT and self._secret(token) is not None:
            given["Authorization"] = f"Bearer ${self._variable(token)}"
        return tuple(given.items())

    def _variable(self, token: Token) -> str:
        return self.target.app_token_variable if token is Token.APP_ONLY else self.target.token_variable

    def _authorization(self, token: Token) -> Secret | None:
        secret = self._secret(token)
        return None if secret is None else Secret(f"Bearer {secret.reveal()}")

    def _secret(self, token: Token) -> Secret | None:
        return {Token.USER: self.target.token, Token.APP_ONLY: self.target.app_only}.get(token)
