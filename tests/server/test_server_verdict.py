"""The verdict: a client that behaves gets a clean one; each bad habit is found in a client with just that."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from partner_insights.child_server import RunningFake, running_fake
from partner_insights.server.auth.tokens import Subject, Tokens
from partner_insights.server.journal.client_verdict import REMARKS, TITLES
from partner_insights.server.scenarios import SCENARIOS
from partner_insights.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEPLOYMENT, USAGE = "/v1/analytics/licenses/deployment", "/v1/analytics/licenses/usage"
RESOURCE = "https://api.partnercenter.microsoft.com"
USER = {"grant_type": "password", "client_id": "a", "resource": RESOURCE, "username": "u", "password": "p"}
APP = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "s", "resource": RESOURCE}


class Client:
    """A client as it should be: token, ids, retries, paging; each habit a method, to be spoilt alone."""

    form = USER

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.token = self.new_token()

    def new_token(self) -> str:
        answer = self.http.post(f"{self.url}/contoso/oauth2/token", data=self.form).json()
        self.renewal = answer.get("refresh_token")
        token: str = answer["access_token"]
        return token

    def headers(self, request_id: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "MS-RequestId": request_id,
            "MS-CorrelationId": self.correlation_id(),
        }

    def request_id(self, tried: int, first: str) -> str:
        return first

    def correlation_id(self) -> str:
        return str(uuid.uuid4())

    def first_id(self) -> str:
        return str(uuid.uuid4())

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def gives_up(self, status: int | None, tried: int) -> bool:
        return tried >= 4 or status in (400, 403, 404)

    def refresh(self) -> None:
        self.token = self.new_token()

    def get(self, path: str, more: dict[str, str] | None = None) -> Any:
        first = self.first_id()
        tried = 0
        while True:
            headers = {**self.headers(self.request_id(tried, first)), **(more or {})}
            status, wait = None, 0.15
            try:
                reply = self.http.get(self.url + path, headers=headers, timeout=5)
                status = reply.status_code
                if status == 200:
                    return reply.json()
                wait = float(reply.headers.get("Retry-After", wait))
            except requests.RequestException:
                pass
            tried += 1
            if self.gives_up(status, tried):
                return None
            if status == 401:
                self.refresh()
            else:
                self.wait(wait)

    def customers(self) -> list[str]:
        page = self.get("/v1/customers?size=3")
        found = [each["id"] for each in page["items"]]
        while self.follows(page):
            link = page["links"]["next"]
            more = {each["key"]: each["value"] for each in link["headers"]}
            page = self.get("/v1" + link["uri"], more)
            found += [each["id"] for each in page["items"]]
        return found

    def follows(self, page: Any) -> bool:
        return "next" in page["links"]

    def work(self) -> None:
        """A round of everything."""
        self.get(DEPLOYMENT)
        self.get(USAGE)
        for customer in self.customers():
            self.get(f"/v1/customers/{customer}/analytics/licenses/usage")
        self.get(f"/v1/customers/{uuid.UUID(int=1)}")


BAD_DAY = [
    {"operation": "partner-licenses-deployment", "code": 429, "retryAfter": 1},
    {"operation": "partner-licenses-deployment", "code": 503},
    {"operation": "partner-licenses-usage", "code": 401},
    {"operation": "partner-licenses-usage", "fault": "close"},
    {"operation": "partner-licenses-usage", "fault": "truncate"},
    {"operation": "customer-licenses-usage", "code": 500},
    {"operation": "customers", "fault": "reset"},
    {"operation": "customers", "code": 503},
]


@pytest.fixture(scope="module")
def own() -> Iterator[RunningFake]:
    """A fake of its own: a journal is about one client."""
    with running_fake("--seed", "7", "--customers", "7", "--as-of", "2026-11-22") as running:
        yield running


@pytest.fixture
def judged(own: RunningFake) -> Callable[..., Any]:
    """The verdict on a client after some work, on a day with these faults."""
    admin = requests.Session()
    admin.trust_env = False

    def judged(
        kind: type[Client], *faults: dict[str, Any], work: Callable[[Any], Any] = lambda client: client.work()
    ) -> Any:
        assert admin.post(f"{own.url}/_admin/reset").status_code == 200
        client = kind(own.url)
        if faults:
            planned = admin.post(f"{own.url}/_admin/faults", json={"faults": list(faults), "all": True})
            assert planned.status_code == 201, planned.text
        work(client)
        if faults:
            account = admin.get(f"{own.url}/_admin/faults/{planned.json()['id']}").json()
            assert account["consumed"] > 0
        return admin.get(f"{own.url}/_admin/verdict").json()

    return judged


def codes(verdict: Any) -> set[str]:
    return {finding["code"] for finding in verdict["findings"]}


def test_a_well_behaved_client_is_told_so(judged: Callable[..., Any]) -> None:
    """On a good day and on a bad one, a client with good habits gets a clean verdict."""
    for faults in ([], BAD_DAY):
        verdict = judged(Client, *faults)
        assert verdict["findings"] == []
        assert (verdict["verdict"], verdict["forgotten"]) == ("well-behaved", 0)
        assert verdict["judged"] >= 10


def test_nothing_is_no_good_conduct(judged: Callable[..., Any]) -> None:
    """Where nothing was asked there is nothing to praise."""
    assert judged(Client, work=lambda client: None)["verdict"] == "nothing-judged"


class Impatient(Client):
    def wait(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.2))


class Forgetful(Client):
    def request_id(self, tried: int, first: str) -> str:
        return str(uuid.uuid4())


class Nameless(Client):
    def headers(self, request_id: str) -> dict[str, str]:
        return {name: value for name, value in super().headers(request_id).items() if name != "MS-RequestId"}


class OneRequest(Client):
    def first_id(self) -> str:
        return "11111111-2222-3333-4444-555555555555"


class OneCorrelation(Client):
    def correlation_id(self) -> str:
        return "11111111-2222-3333-4444-555555555555"


class Stubborn(Client):
    def gives_up(self, status: int | None, tried: int) -> bool:
        return tried >= 10 or status in (400, 403, 404)


class Deaf(Client):
    def gives_up(self, status: int | None, tried: int) -> bool:
        return tried >= 4


class Hasty(Client):
    def wait(self, seconds: float) -> None:
        pass


class AppOnly(Client):
    form = APP


class Tokenless(Client):
    def headers(self, request_id: str) -> dict[str, str]:
        return {name: value for name, value in super().headers(request_id).items() if name != "Authorization"}


class Resending(Client):
    """Gets a new token, and goes on with the old one."""

    def refresh(self) -> None:
        self.new_token()


class Resigned(Client):
    def gives_up(self, status: int | None, tried: int) -> bool:
        return status == 401 or super().gives_up(status, tried)


class FirstPage(Client):
    def follows(self, page: Any) -> bool:
        return False


def usage(client: Client) -> None:
    client.get(USAGE)


def unknown(client: Client) -> None:
    client.get(f"/v1/customers/{uuid.UUID(int=1)}")


def polling(client: Client) -> None:
    for _ in range(12):
        client.get(USAGE)


THROTTLED = {"operation": "*", "code": 429, "retryAfter": 1}
DOWN = {"operation": "*", "code": 503}
DENIED = {"operation": "*", "code": 401}


def refreshing_twice(client: Client) -> None:
    form = {"grant_type": "refresh_token", "client_id": "a", "refresh_token": client.renewal}
    for audience in ("https://graph.windows.net", "https://graph.microsoft.com"):
        client.http.post(f"{client.url}/contoso/oauth2/token", data=form | {"resource": audience})


def polling_a_device_code(client: Client) -> None:
    asked = {"client_id": "a", "resource": RESOURCE}
    begun = client.http.post(f"{client.url}/contoso/oauth2/devicecode", data=asked).json()
    form = {"grant_type": "device_code", "client_id": "a", "code": begun["device_code"], "resource": RESOURCE}
    for _ in range(2):
        client.http.post(f"{client.url}/contoso/oauth2/token", data=form)


class Expired(Client):
    """Comes with a token of long ago, and gets another when it is refused."""

    def new_token(self) -> str:
        if not hasattr(self, "token"):
            return Tokens(b"", 7).access(Subject("contoso", "a", "u"), RESOURCE, lifetime=-600)
        return super().new_token()


class Graph(Client):
    """Asks for a token of the directory's graph first."""

    @property
    def form(self) -> dict[str, str]:  # type: ignore[override]
        return USER if hasattr(self, "token") else USER | {"resource": "https://graph.windows.net"}


HABITS: list[tuple[type[Client], list[dict[str, Any]], Callable[[Client], None], str]] = [
    (Impatient, [THROTTLED], usage, "retry-after-ignored"),
    (Forgetful, [DOWN], usage, "request-id-changed"),
    (Forgetful, [{"operation": "*", "fault": "close"}], usage, "request-id-changed"),
    (Nameless, [DOWN], usage, "request-id-missing"),
    (OneRequest, [], lambda client: (client.get(USAGE), client.get(DEPLOYMENT)), "request-id-reused"),
    (OneRequest, [], lambda client: (client.get(USAGE), client.get(USAGE)), "request-id-reused"),
    (OneCorrelation, [], lambda client: (client.get(USAGE), client.get(DEPLOYMENT)), "correlation-id-reused"),
    (OneCorrelation, [], lambda client: (client.get(USAGE), client.get(USAGE)), "correlation-id-reused"),
    (Stubborn, [DOWN] * 9, usage, "retried-too-often"),
    (Deaf, [], unknown, "retried-in-vain"),
    (Deaf, [], lambda client: client.get("/v1/customers/no-guid"), "retried-in-vain"),
    (Hasty, [DOWN] * 3, usage, "retried-without-pause"),
    (Client, [], polling, "hammered"),
    (AppOnly, [], usage, "app-only-token"),
    (Tokenless, [], lambda client: client.http.get(client.url + USAGE), "no-token"),
    (Resending, [DENIED], usage, "refused-token-resent"),
    (Resigned, [DENIED], usage, "token-not-refreshed"),
    (FirstPage, [], lambda client: client.customers(), "paging-abandoned"),
    (Client, [], refreshing_twice, "refresh-token-resent"),
    (Client, [], polling_a_device_code, "interval-ignored"),
    (Expired, [], usage, "expired-token"),
    (Graph, [], usage, "wrong-audience"),
    (Client, [], lambda client: client.refresh(), "token-not-kept"),
]  # type: ignore[list-item]  # what the work returns does not matter


@pytest.mark.parametrize(
    ("kind", "faults", "work", "code"), HABITS, ids=lambda each: getattr(each, "__name__", "")
)
def test_each_bad_habit_is_found_alone(
    judged: Callable[..., Any], own: RunningFake, kind: type[Client], faults: list[Any], work: Any, code: str
) -> None:
    """A client with one bad habit is found to have just that one, and the finding cites its entries."""
    verdict = judged(kind, *faults, work=work)
    assert codes(verdict) == {code}
    assert verdict["verdict"] == ("well-behaved" if code in REMARKS else "misbehaved")
    (finding, *_) = verdict["findings"]
    assert finding["severity"] == ("remark" if code in REMARKS else "fault")
    allowed = requests.get(f"{own.url}/_admin/verdict?allow={code}", timeout=5).json()
    assert (allowed["verdict"], allowed["findings"]) == (
        "well-behaved" if allowed["judged"] else "nothing-judged",
        [],
    )
    assert finding["title"] == TITLES[code]
    journal = requests.get(f"{own.url}/_admin/journal", timeout=5).json()["entries"]
    assert finding["entries"]
    assert set(finding["entries"]) <= {entry["number"] for entry in journal}


def test_one_correlation_id_for_a_call_and_its_retries_is_no_habit(judged: Callable[..., Any]) -> None:
    """Both ids stay the same where the same call is tried again: that is what they are for."""
    assert codes(judged(OneCorrelation, DOWN, work=usage)) == set()


def test_every_finding_has_a_client_that_shows_it() -> None:
    """No habit is judged that no test has."""
    of_pages = {"next-link-misjoined", "page-too-large"}  # tests/query/test_paging_verdict.py
    assert {code for *_, code in HABITS} | of_pages == TITLES.keys()


@pytest.mark.parametrize("patient", [True, False])
def test_quotas_are_waited_out(
    judged: Callable[..., Any], own: RunningFake, catalogue: Any, patient: bool
) -> None:
    """On a throttled day a client that waits is praised, and one that comes back early is found out."""
    customer = World(catalogue, seed=own.seed, customers=7, as_of=own.as_of).customer_id(0)
    paths = [f"/v1/customers/{customer}{tail}" for tail in ("", "/analytics/licenses/usage")]

    def work(client: Client) -> None:
        requests.post(f"{own.url}/_admin/scenario", json={"scenario": "throttled"}, timeout=5)
        for number in range(12):
            client.get(paths[number % 2])

    verdict = judged(Client if patient else Impatient, work=work)
    journal = requests.get(f"{own.url}/_admin/journal?status=429", timeout=5).json()["entries"]
    assert journal
    assert codes(verdict) == (set() if patient else {"retry-after-ignored"})


def test_what_the_console_asks_is_not_judged(own: RunningFake) -> None:
    """A request from the console is in the journal, and neither judged nor found fault with."""
    requests.post(f"{own.url}/_admin/reset", json={}, timeout=5)
    for _ in range(2):  # the second is answered from the cache
        asked = requests.get(f"{own.url}{USAGE}", headers={"X-Insights-Console": "1"}, timeout=5)
        assert asked.status_code == 401
    admin = f"{own.url}/_admin"
    assert len(requests.get(f"{admin}/journal", timeout=5).json()["entries"]) == 2
    assert requests.get(f"{admin}/verdict", timeout=5).json()["verdict"] == "nothing-judged"
    requests.get(f"{own.url}{USAGE}", timeout=5)
    verdict = requests.get(f"{admin}/verdict", timeout=5).json()
    assert (verdict["verdict"], verdict["judged"]) == ("misbehaved", 1)


@pytest.mark.parametrize("query", ["allow=hamered", "alow=hammered"])
def test_a_misspelt_code_is_refused(own: RunningFake, query: str) -> None:
    """A code or an option that is none would allow nothing, and say nothing."""
    reply = requests.get(f"{own.url}/_admin/verdict?{query}", timeout=5)
    assert reply.status_code == 400
    assert "allow" in reply.json()["error"] or "did you mean hammered?" in reply.json()["error"]


def test_the_page_names_every_code_and_scenario() -> None:
    """Whoever reads what a client can do wrong, or what a day can be like, has read all of it."""
    page = (Path(__file__).parents[2] / "docs/faults.md").read_text("utf-8")
    names = {*TITLES, *SCENARIOS} - {"healthy"}
    assert [each for each in sorted(names) if f"`{each}`" not in page] == []
