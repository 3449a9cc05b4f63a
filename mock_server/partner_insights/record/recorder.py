"""Exchanges as they pass the proxy → judged, reported, stored."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from partner_insights.contract.paths import VERSION_ALIASES
from partner_insights.record.upstream import forwarded_headers
from partner_insights.verify.judge.body_checks import BodyChecks
from partner_insights.verify.judge.exchange import Exchange, Request, Response, Token, find_header
from partner_insights.verify.judge.judge import judge_exchange, observe
from partner_insights.verify.report.verdict import Judgement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from partner_insights.contract import Catalogue, Operation, Profile
    from partner_insights.record.store import Store
    from partner_insights.record.upstream import UpstreamError
    from partner_insights.verify.judge.exchange import Headers
    from partner_insights.verify.judge.violation import Observation, Violation, ViolationKey

CONTINUATION = "MS-ContinuationToken"
SHOWN_HEADERS: Final = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-type", "host", "if-match", "if-none-match", "user-agent", "x-locale"),
        *("ms-requestid", "ms-correlationid", "ms-cv", "ms-continuationtoken"),
    }
)
"""Header fields of callers that hold no secret; any other may be a key or a password."""
HIDDEN: Final = "[hidden]"
MAX_FINDINGS = 2_000
"""Kinds of findings that a long session remembers."""


class Recorder:
    """What one run of the proxy saw. Exchanges may come from several threads; one is judged at a time."""

    def __init__(
        self,
        upstream: str,
        catalogue: Catalogue,
        profile: Profile,
        store: Store,
        tell: Callable[[Exchange, Judgement, str | None], None],
    ) -> None:
        """`tell` hears of each exchange: what was found in it, and why it was not stored, if so."""
        self._upstream = upstream
        self._catalogue = catalogue
        self._profile = profile
        self._store = store
        self._tell = tell
        self._checks = BodyChecks()
        self._lock = threading.Lock()
        self._violations: dict[ViolationKey, Violation] = {}
        self._observations: dict[ViolationKey, Observation] = {}
        self._operations: set[str] = set()
        self.times: Counter[ViolationKey] = Counter()
        self.passed = 0
        self.failure: OSError | None = None
        """Why nothing could be stored at some time: the disk may be full."""

    def __call__(self, path: str, headers: Headers, response: Response) -> None:
        """Judge, store and tell of one exchange."""
        exchange = Exchange(request_of(path, headers, response, self._upstream, self._catalogue), response)
        with self._lock:
            self.passed += 1
            judgement = self._judged(exchange)
            self._tell(exchange, judgement, self._stored(exchange, find_header(headers, CONTINUATION)))

    def unanswered(self, path: str, headers: Headers, error: UpstreamError) -> None:
        """Tell of a request to which the upstream's answer did not come whole; the caller gets ours."""
        response = Response(error.status, (), b"")
        exchange = Exchange(request_of(path, headers, response, self._upstream, self._catalogue), response)
        with self._lock:
            self._tell(exchange, self._judgement((), (), (), False), error.words)

    def judgement(self) -> Judgement:
        """All that was found, each kind once."""
        found = tuple(self._violations.values()), tuple(self._observations.values())
        return self._judgement(self._operations, *found, bool(self._operations))

    def _judged(self, exchange: Exchange) -> Judgement:
        operation = exchange.request.operation
        if operation is None:
            return self._judgement((), (), (), False)  # the contract does not speak of it
        self._operations.add(operation)
        violations = judge_exchange(exchange, self._catalogue, profile=self._profile, checks=self._checks)
        observations = list(observe(exchange, self._catalogue))
        for violation in violations:
            self.times[violation.key] += 1
            if len(self._violations) < MAX_FINDINGS:
                self._violations.setdefault(violation.key, violation)
        for observation in observations:
            if len(self._observations) < MAX_FINDINGS:
                self._observations.setdefault(observation.key, observation)
        return self._judgement((operation,), violations, observations, True)

    def _stored(self, exchange: Exchange, continuation: str | None) -> str | None:
        try:
            return self._store.add(exchange, continuation)
        except OSError as error:
            self.failure = error
            return f"it could not be written: {error.strerror or error}"

    def _judgement(
        self,
        operations: Iterable[str],
        violations: Iterable[Violation],
        observations: Iterable[Observation],
        tested: bool,
    ) -> Judgement:
        return Judgement(
            profile=self._profile,
            target=self._upstream,
            requests=self.passed,
            operations=tuple(sorted(operations)),
            violations=tuple(violations),
            observations=tuple(observations),
            tested=tested,
        )


def request_of(
    target: str, headers: Headers, response: Response, upstream: str, catalogue: Catalogue
) -> Request:
    """The request as the judge sees it, its token left out.

    A proxy cannot tell a good token or a known customer from others: a refusal is taken for the one it says
    it is, and judged by its form.
    """
    parts = urlsplit(f"//upstream/{target.lstrip('/')}")
    operation, customer = _addressed(parts.path, catalogue)
    bearer = (find_header(headers, "Authorization") or "").lower().startswith("bearer ")
    token = {401: Token.INVALID, 403: Token.APP_ONLY}.get(response.status, Token.USER)
    return Request(
        method="GET",
        url=upstream + _shown_target(target, operation),
        headers=tuple((name, _shown(name, value)) for name, value in _of_the_request(headers)),
        operation=None if operation is None else operation.id,
        customer=customer,
        customer_known=customer is not None and response.status not in (403, 404),
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        token=token if bearer else Token.ABSENT,
    )


def _of_the_request(headers: Headers) -> Iterator[tuple[str, str]]:
    """What the caller said to the upstream: the host and the connection it asked were ours."""
    said = {name.lower() for name, _ in forwarded_headers(headers)} | {"accept-encoding"}
    return (each for each in headers if each[0].lower() in said - {"cookie"})


def _shown_target(target: str, operation: Operation | None) -> str:
    """The target; what stands in the query may be a key or a password, but in documented parameters."""
    path, mark, query = target.partition("?")
    known = () if operation is None else operation.query

    def shown(parameter: str) -> str:
        name, equals, _ = parameter.partition("=")
        return parameter if unquote(name) in known else f"{name}=hidden" if equals else "hidden"

    return path + mark + "&".join(map(shown, query.split("&"))) if mark else path


def _shown(name: str, value: str) -> str:
    if name.lower() == "authorization":
        return "Bearer $PARTNER_INSIGHTS_TOKEN"
    return value if name.lower() in SHOWN_HEADERS else HIDDEN


def _addressed(path: str, catalogue: Catalogue) -> tuple[Operation | None, str | None]:
    """The operation of a path, doubled and trailing slashes or not, and the customer it names."""
    segments = [unquote(part) for part in path.split("/") if part]
    paths = (
        (operation, path)
        for operation in catalogue.operations.values()
        for path in (operation.path, *operation.aliases)
    )
    for operation, path in paths:
        pattern = [part for part in path.split("/") if part]
        if len(pattern) == len(segments) and all(
            part.startswith("{") or part == VERSION_ALIASES.get(given, given)
            for part, given in zip(pattern, segments, strict=True)
        ):
            values = (given for part, given in zip(pattern, segments, strict=True) if part == "{customer-id}")
            return operation, next(values, None)
    return None, None
