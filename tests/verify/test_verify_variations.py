"""A table of what an honest service may do, and one of what none does, held against the default profile."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from partner_insights.contract import Catalogue, Profile, Severity
from partner_insights.errors import InputError
from partner_insights.server import Settings, create_app
from partner_insights.server.auth.tokens import PARTNER_CENTER, Subject, Tokens
from partner_insights.verify import Failure, Response, Token
from partner_insights.verify.run.client import Secret, Stopped
from partner_insights.verify.run.comparisons import head_like_get, same_with, sums, sums_of_some
from partner_insights.verify.run.refusals import send_invalid_token
from partner_insights.verify.run.results import ContractViolated
from partner_insights.verify.run.session import SuiteSession
from partner_insights.verify.run.target import Target
from partner_insights.world import World

if TYPE_CHECKING:
    from flask import Flask

CATALOGUE = Catalogue.load()
ANALYTICS = tuple(each.id for each in CATALOGUE.operations.values() if each.seed)
OF_CUSTOMERS = tuple(each for each in ANALYTICS if each.startswith("customer"))
AS_OF = date(2026, 11, 22)
KEY = b"the key of the tests, 32 bytes.."
FORTY_DAYS_AGO = datetime.now(UTC) - timedelta(days=40)
STRANGER = "00000000-0000-4000-8000-000000000000"


@dataclass
class Asked:
    """A request as a variation sees it."""

    method: str
    path: str
    operation: str | None
    number: int
    """How many came before it."""
    headers: dict[str, str]
    valid: bool
    """Whether it has the valid token of a user."""


Vary = Callable[[Asked, Response], Response]


class Service(NamedTuple):
    """A fake that answers in this process, and the tokens it takes."""

    app: Flask
    token: str
    app_only: str


@pytest.fixture(scope="module")
def application() -> Service:
    tokens = Tokens(KEY, 7)
    user, app = Subject("contoso.example", "app", "admin@contoso.example"), Subject("contoso.example", "app")
    made = create_app(World(CATALOGUE, seed=7, customers=7, as_of=AS_OF), CATALOGUE, Settings(token_key=KEY))
    return Service(made, tokens.access(user, PARTNER_CENTER), tokens.access(app, PARTNER_CENTER))


@pytest.fixture
def fake(application: Service, answered_by: Any) -> Service:
    answered_by(application.app)
    return application


@pytest.fixture
def app_only(fake: Service) -> str:
    return fake.app_only


def operation_of(path: str) -> str | None:
    steps = path.partition("?")[0].strip("/").split("/")
    if steps[:2] == ["v1", "customers"] and len(steps) > 2:
        return "customer" if len(steps) == 3 else f"customer-licenses-{steps[-1]}"
    return "customers" if steps == ["v1", "customers"] else f"partner-licenses-{steps[-1]}"


@contextlib.contextmanager
def varied(fake: Service, app_only: str, vary: Vary, token: str | None = None) -> Iterator[SuiteSession]:
    """A session under `corrected` of a fake whose answers are varied on their way."""
    target = Target(
        url="http://varied.example",
        own=False,
        profile=Profile.CORRECTED,
        token=Secret(token or fake.token),
        app_only=Secret(app_only),
        token_variable="USER",
        app_token_variable="APP",
        seed=0,
        max_requests=None,
        rate=None,
    )
    session = SuiteSession(target, CATALOGUE)
    send, count = session.sender.client.send, iter(range(10**9))

    def sent(method: str, path: str, headers: Any, authorization: Secret | None = None) -> Response | Failure:
        answer = send(method, path, headers, authorization)
        if isinstance(answer, Failure):
            return answer
        valid = authorization is not None and authorization.reveal() == f"Bearer {fake.token}"
        given = {name.lower(): value for name, value in headers}
        return vary(Asked(method, path, operation_of(path), next(count), given, valid), answer)

    session.sender.client.send = sent  # type: ignore[method-assign]
    try:
        yield session
    finally:
        session.close()


def interrogate(session: SuiteSession) -> set[tuple[str, str]]:
    """Send some of every kind of request the suite sends; code and severity of all that is found."""
    session.reach()
    attempts: list[Callable[[], object]] = []
    for name in session.catalogue.operations:
        try:
            customer = session.customers.first_for(name)
        except Stopped:
            continue  # nobody is answered
        attempts += [
            lambda name=name, customer=customer: head_like_get(session, name, customer),
            lambda name=name, customer=customer: same_with(session, name, customer, ({"X-Locale": "de-DE"},)),
            lambda name=name: send_invalid_token(session, name, "other-signature"),
            lambda name=name, customer=customer: session.check(name, customer=customer, token=Token.APP_ONLY),
        ]
        if customer is not None:
            attempts.append(lambda name=name: session.check(name, customer=STRANGER, known=False))
            attempts.append(lambda name=name: session.check(name, customer="nobody", known=False))
    attempts += [lambda each=each: session.check("customer", customer=each) for each in session.customers.ids]
    attempts += [lambda size=size: session.customers.compare_pages(size) for size in (3, None)]
    for partner in ("partner-licenses-deployment", "partner-licenses-usage"):
        attempts.append(lambda each=partner: sums(session, each, each.replace("partner", "customer")))
    for attempt in attempts:
        try:
            attempt()
        except ContractViolated:
            continue
        except Stopped:  # there is nobody to ask for; but what ends the run, ends this
            if session.results.stopped is not None:
                raise
    return {(each.code, each.severity.value) for each in session.results.violations}


# ── Changes, small enough to be put together ────────────────────────────────────────────────────────


def header(name: str, value: str | None) -> Vary:
    """Every answer with another header, or without it."""

    def vary(_: Asked, answer: Response) -> Response:
        kept = tuple(each for each in answer.headers if each[0].lower() != name.lower())
        return replace(answer, headers=kept if value is None else (*kept, (name, value)))

    return vary


def body(edit: Callable[[Any], Any], *operations: str, of: Callable[[Asked], bool] = lambda _: True) -> Vary:
    """The parsed body of a success of some operations."""

    def vary(asked: Asked, answer: Response) -> Response:
        if (
            answer.status != 200
            or asked.method != "GET"
            or asked.operation not in operations
            or not of(asked)
        ):
            return answer
        value = json.loads(answer.body)
        edited = edit(value)
        return replace(answer, body=json.dumps(value if edited is None else edited).encode())

    return vary


def rows(edit: Callable[[Any], Any], *operations: str) -> Vary:
    """Every row of some operations."""
    return body(lambda value: [edit(row) for row in value["items"]] and None, *operations)


def percents(edit: Callable[[float], Any]) -> Vary:
    """Every percent."""
    return rows(
        lambda row: row.update({name: edit(row[name]) for name in row if name.endswith("Percent")}),
        *ANALYTICS,
    )


def instead(status: int, content: Any, *headers: tuple[str, str]) -> Response:
    return Response(status, (("Content-Type", "application/json"), *headers), json.dumps(content).encode())


def throttled(retry_after: Callable[[], str]) -> Vary:
    """A 429 now and then, as it is published: with Retry-After, and none of the service's own headers."""
    content = {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 0 seconds."}
    return lambda asked, answer: (
        instead(429, content, ("Retry-After", retry_after()))
        if asked.valid and asked.number in (9, 40)
        else answer
    )


def no_head(status: int) -> Vary:
    return lambda asked, answer: (
        Response(status, (("Content-Type", "text/html"),), b"") if asked.method == "HEAD" else answer
    )


def without_relationship(of: Callable[[str], bool]) -> Vary:
    """Some listed customers are refused, as documented."""
    content = {"code": "20002", "description": "There is no relationship", "data": [], "source": "PartnerFD"}

    def vary(asked: Asked, answer: Response) -> Response:
        refused = asked.operation in OF_CUSTOMERS and answer.status == 200 and of(asked.path)
        return replace(answer, status=403, body=json.dumps(content).encode()) if refused else answer

    return vary


def app_only_refused(status: int) -> Vary:
    return lambda asked, answer: replace(answer, status=status) if answer.status == 403 else answer


def null_links(value: Any) -> None:
    value["links"] = {"next": None, "previous": None} | value["links"]


def headers(*fields: tuple[str, str | None], status: int = 200) -> Vary:
    """Other headers in the answers of a status."""

    def vary(asked: Asked, answer: Response) -> Response:
        for name, value in fields if answer.status == status else ():
            answer = header(name, value)(asked, answer)
        return answer

    return vary


def challenges(*values: str) -> Vary:
    """What a 401 asks for."""
    fields = tuple(("WWW-Authenticate", value) for value in values)

    def vary(asked: Asked, answer: Response) -> Response:
        without = header("WWW-Authenticate", None)(asked, answer)
        return replace(without, headers=(*without.headers, *fields)) if answer.status == 401 else answer

    return vary


def moved(name: str, by: float, low: float = 0) -> Callable[[Any], Any]:
    """A number of a row, moved towards the middle of its scale where it would leave it."""
    return lambda row: row.update({name: row[name] + by if row[name] + by >= low else row[name] - by})


def exchange_domains(value: Any) -> None:
    one, two = (value["items"][place]["companyProfile"] for place in (0, -1))
    one["domain"], two["domain"] = two["domain"], one["domain"]


def soon() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(milliseconds=1500), usegmt=True)


HONEST: dict[str, Vary] = {
    "nothing": lambda asked, answer: answer,
    "429-as-published": throttled(lambda: "0"),
    "429-until-a-date": throttled(soon),
    "503-for-a-moment": lambda asked, answer: (
        instead(503, "<html>", ("Retry-After", "0")) if asked.number == 9 else answer
    ),
    "head-404": no_head(404),
    "head-405": no_head(405),
    "head-501": no_head(501),
    "app-only-500": app_only_refused(500),
    "app-only-401": app_only_refused(401),
    "some-customers-without-relationship": without_relationship(
        lambda path: path.split("/")[3][0] in "02468ace"
    ),
    "no-customer-with-a-relationship": without_relationship(lambda _: True),
    "links-of-null": body(null_links, "customers"),
    "total-of-the-whole-list": body(lambda value: value.update(totalCount=7), "customers"),
    "percents-of-whole-numbers": percents(lambda value: float(round(value))),
    "percents-cut-off": percents(lambda value: float(int(value))),
    "percents-of-one-decimal": percents(lambda value: round(value, 1)),
    "percents-as-integers": percents(round),
    "percents-of-the-other-scale": percents(lambda value: round(value / 100, 4)),
    "dates-with-z": rows(
        lambda row: row.update(processedDateTime=row["processedDateTime"].replace("+00:00", "Z")), *ANALYTICS
    ),
    "no-optional-ids": rows(
        lambda row: [row.pop(name, None) for name in ("customerId", "serviceCode", "workloadCode")],
        *OF_CUSTOMERS,
    ),
    "ids-in-capitals": rows(lambda row: row.update(customerId=row["customerId"].upper()), *OF_CUSTOMERS),
    "nothing-in-it": body(lambda value: value.update(items=[], totalCount=0), *ANALYTICS),
    "rows-in-another-order": body(lambda value: value["items"].reverse(), *ANALYTICS),
    "names-in-the-language-asked-for": body(
        lambda value: (
            [row.update(serviceName=f"{row['serviceName']} (de)") for row in value["items"]] and None
        ),
        *ANALYTICS,
        of=lambda asked: asked.headers.get("x-locale") == "de-DE",
    ),
    "further-properties": rows(lambda row: row.update(extra={"a": [1]}), *ANALYTICS),
    "byte-order-mark": lambda asked, answer: (
        replace(answer, body=b"\xef\xbb\xbf" + answer.body) if answer.body else answer
    ),
    "no-charset": header("Content-Type", "application/json"),
    "head-without-content-type": lambda asked, answer: (
        header("Content-Type", None)(asked, answer) if asked.method == "HEAD" else answer
    ),
    "charset-of-ascii": header("Content-Type", "application/json; charset=us-ascii"),
    "no-vector": header("MS-CV", None),
    "no-challenge": challenges(),
    "one-made-up-id-for-both": lambda asked, answer: (
        answer
        if "ms-requestid" in asked.headers or "ms-correlationid" in asked.headers
        else header("MS-CorrelationId", str(answer.header("MS-RequestId")))(asked, answer)
    ),
    "challenges-of-many-schemes": challenges('Basic realm="a, Bearer"', 'Negotiate, bearer realm=""'),
    "kept-by-a-cache": headers(("Cache-Control", "private, max-age=60, must-revalidate"), ("Age", "60")),
    "kept-while-revalidated": headers(
        ("Cache-Control", "max-age=60, stale-while-revalidate=60"), ("Age", "120")
    ),
    "kept-by-a-slow-cache": headers(("Cache-Control", "private, max-age=60"), ("Age", "61")),
    "kept-for-forty-days": headers(
        ("Date", format_datetime(FORTY_DAYS_AGO, usegmt=True)), ("Age", "3456000")
    ),
    "of-customers-that-left": rows(moved("licensesSold", 10), "partner-licenses-deployment"),
    "date-and-server-twice": lambda asked, answer: replace(
        answer, headers=(*answer.headers, ("Server", "gateway"), ("Date", "Fri, 27 Nov 2026 05:00:00 GMT"))
    ),
    "partner-of-the-day-before": rows(
        lambda row: row.update(
            processedDateTime=(
                datetime.fromisoformat(row["processedDateTime"]) - timedelta(days=1)
            ).isoformat(),
            **({"licensesSold": row["licensesSold"] - 1} if "licensesSold" in row else {}),
        ),
        "partner-licenses-deployment",
    ),
    "links-to-the-documented-host": body(
        lambda value: value["links"]["self"].update(
            uri="https://api.partnercenter.microsoft.com/v1/customers"
        ),
        "customers",
    ),
    "renamed-customer": body(
        lambda value: [row.update(customerName="Renamed Last Week") for row in value["items"]] and None,
        *OF_CUSTOMERS,
        of=lambda asked: asked.path.split("/")[3].startswith("2074aff7"),
    ),
}
"""What an honest service may do: no error under `corrected`."""


def odata(value: Any) -> Any:
    return {"@odata.count": len(value["items"]), "value": value["items"]}


def evil_next(value: Any) -> None:
    if "next" in value["links"]:
        value["links"]["next"]["uri"] = "https://elsewhere.example/v1/customers?size=3"


ERROR = {"code": "500", "description": "Internal error", "data": [], "source": "Analytics"}
DISHONEST: dict[str, tuple[str, Vary]] = {
    "no-envelope": ("PI101", body(lambda value: value["items"], *ANALYTICS)),
    "odata-envelope": ("PI102", body(odata, *ANALYTICS)),
    "error-under-200": ("PI102", body(lambda value: ERROR, *ANALYTICS)),
    "no-total": ("PI102", body(lambda value: value.pop("totalCount") and None, *ANALYTICS)),
    "null-items": ("PI101", body(lambda value: value.update(items=None), *ANALYTICS)),
    "no-channel": ("PI102", rows(lambda row: row.pop("channel") and None, *ANALYTICS)),
    "negative": ("PI105", rows(lambda row: row.update(licensesSold=-1), "customer-licenses-deployment")),
    "next-page-elsewhere": ("PI221", body(evil_next, "customers")),
    "null-required": ("PI101", body(lambda value: value.update(attributes=None), *ANALYTICS)),
    "total-of-nothing": ("PI201", body(lambda value: value.update(totalCount=0), *ANALYTICS)),
    "429-soon": ("PI320", throttled(lambda: "soon")),
    "503-soon": (
        "PI320",
        lambda asked, answer: instead(503, ERROR, ("Retry-After", "soon")) if asked.number == 9 else answer,
    ),
    "head-200-whatever-the-token": (
        "PI401",
        lambda asked, answer: replace(answer, status=200) if asked.method == "HEAD" else answer,
    ),
    "one-id-for-all": ("PI319", header("MS-CorrelationId", STRANGER)),
    "other-id-of-a-refusal": ("PI304", headers(("MS-CorrelationId", STRANGER), status=401)),
    "less-than-its-customers": ("PI208", rows(moved("licensesSold", -1, -1), "partner-licenses-deployment")),
    "deployed-in-another-percent": (
        "PI209",
        rows(moved("proratedDeploymentPercent", -5), "partner-licenses-deployment"),
    ),
    "used-in-another-percent": (
        "PI209",
        rows(moved("proratedLicensesUsagePercent", -5), "partner-licenses-usage"),
    ),
    "workloads-in-small-letters": (
        "PI210",
        rows(
            lambda row: row.update(workloadName=row["workloadName"].lower()),
            "partner-licenses-usage",
        ),
    ),
    "customer-of-another-name": (
        "PI214",
        body(lambda value: value["companyProfile"].update(companyName="Another Company"), "customer"),
    ),
    "counts-of-a-language": (
        "PI314",
        body(
            lambda value: (
                [row.update(licensesSold=row["licensesSold"] + 7) for row in value["items"]] and None
            ),
            "partner-licenses-deployment",
            of=lambda asked: "x-locale" in asked.headers,
        ),
    ),
    "data-of-a-refusal": (
        "PI401",
        lambda asked, answer: (
            replace(answer, body=b'{"totalCount":1,"items":[{"licensesSold":7}]}')
            if answer.status == 401 and asked.operation in ANALYTICS and asked.method == "GET"
            else answer
        ),
    ),
    "exchanged-domains": ("PI214", body(exchange_domains, "customers")),
    "charset-of-the-west": ("PI303", header("Content-Type", "application/json; charset=iso-8859-1")),
    "challenge-for-a-password": ("PI313", challenges('Basic realm="Bearer"')),
    "clock-of-2015": ("PI320", header("Date", "Fri, 27 Nov 2015 15:19:24 GMT")),
    "kept-against-its-word": ("PI324", headers(("Cache-Control", "no-store"), ("Age", "1"))),
    "stale-against-its-word": (
        "PI324",
        headers(("Cache-Control", "max-age=60, must-revalidate"), ("Age", "61")),
    ),
}
"""What no honest service does, and the code of it: an error under `corrected`."""


@pytest.mark.parametrize("name", HONEST)
def test_what_an_honest_service_may_do_is_no_error(fake: Service, app_only: str, name: str) -> None:
    """The default profile never cries wolf: there may be warnings, but nothing that fails a run."""
    with varied(fake, app_only, HONEST[name]) as session:
        found = interrogate(session)
        assert session.results.stopped is None
    assert {each for each in found if each[1] == Severity.ERROR} == set()


@pytest.mark.parametrize("name", DISHONEST)
def test_what_no_honest_service_does_is_an_error(fake: Service, app_only: str, name: str) -> None:
    """The default profile bites: at least one error, and of the right code."""
    code, vary = DISHONEST[name]
    with varied(fake, app_only, vary) as session:
        assert (code, Severity.ERROR) in interrogate(session)


def test_an_empty_page_amid_a_list_is_no_end_and_no_circle(fake: Service, app_only: str) -> None:
    """A page without anybody has a next page, which has the rest."""
    following: dict[str, Any] = {}

    def vary(asked: Asked, answer: Response) -> Response:
        if asked.operation != "customers" or asked.method != "GET":
            return answer
        token = asked.headers.get("ms-continuationtoken")
        if token == "nobody":
            links = {"self": following["self"], "next": following["next"]}
            return instead(200, {"totalCount": 0, "items": [], "links": links}, *answer.headers)
        value = json.loads(answer.body)
        if token is None and "next" in value["links"]:
            following.update(value["links"])
            fields = [{"key": "MS-ContinuationToken", "value": "nobody"}]
            value["links"]["next"] = value["links"]["next"] | {"headers": fields}
        return replace(answer, body=json.dumps(value).encode())

    with varied(fake, app_only, vary) as session:
        assert len(session.customers.ids) == 7
        assert session.customers.read_pages(3).customers == session.customers.listed
        codes = {each.code for each in session.results.violations if each.severity is Severity.ERROR}
    assert codes & {"PI316", "PI317"} == set()


def test_an_app_only_token_is_told_as_that(fake: Service, app_only: str) -> None:
    """One sentence about the token, by the first plain GET, and not a broken contract."""
    with varied(fake, app_only, HONEST["nothing"], token=app_only) as session:
        with pytest.raises(InputError, match="the token in USER is none of a user"):
            session.reach()
        assert session.results.violations == []


@pytest.mark.parametrize("after", [3, 7, 20])
def test_a_token_that_expires_ends_the_run(fake: Service, app_only: str, after: int) -> None:
    """One sentence about the token; what was found is kept, and nothing is broken by it."""
    late = {"code": "400", "description": "Access denied", "data": [], "source": "contract"}

    def vary(asked: Asked, answer: Response) -> Response:
        return instead(401, late) if asked.number > after else answer

    with varied(fake, app_only, vary) as session:
        with pytest.raises(Stopped, match="it has expired"):
            interrogate(session)
        with pytest.raises(Stopped):
            session.check("partner-licenses-usage")
        assert session.results.token_lost
        assert session.results.violations == []


def test_an_operation_that_refuses_a_good_token_is_at_fault(fake: Service, app_only: str) -> None:
    """The token is taken elsewhere, so it is not the token."""

    def vary(asked: Asked, answer: Response) -> Response:
        refused = asked.operation == "partner-licenses-usage" and asked.valid
        return instead(401, ERROR | {"code": "400"}) if refused else answer

    with varied(fake, app_only, vary) as session:
        session.reach()
        with pytest.raises(ContractViolated, match="PI301"):
            session.check("partner-licenses-usage")
        assert not session.results.token_lost


@pytest.mark.parametrize(("sold", "found"), [(None, set()), (10**6, set()), (0, {"PI208"})])
def test_sums_over_some_customers_are_only_a_lower_bound(
    fake: Service, app_only: str, sold: int | None, found: set[str]
) -> None:
    """Where there are more customers than requests, the partner may have more than they; and that is said."""
    changed = {} if sold is None else {"licensesSold": sold}
    with varied(
        fake, app_only, rows(lambda row: row.update(changed), "partner-licenses-deployment")
    ) as session:
        with contextlib.suppress(ContractViolated):
            sums_of_some(session, "partner-licenses-deployment", "customer-licenses-deployment")
        assert {each.code for each in session.results.violations} == found
        assert "sums-of-some" in {each.kind for each in session.results.observations.values()}
