"""Calls of an agent → a fake that is started, changed and questioned, and what the contract says.

Each tool is a method: its signature is the tool's schema, its docstring the description. Both are short: an
agent reads all of them before its first call.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from urllib.parse import quote, urlencode

from partner_insights.child_server import running_fake
from partner_insights.contract import Catalogue, Profile
from partner_insights.contract.explain import explain
from partner_insights.errors import InputError
from partner_insights.fixtures.testing.server import InsightsServer
from partner_insights.fixtures.testing.settings import ServerOptions
from partner_insights.verify.recordings.check import check_recording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from partner_insights.fixtures.factories.types import ScenarioName
    from partner_insights.fixtures.testing.server import PlannedFault

MAX_VIOLATIONS: Final = 20
"""That an answer lists: an agent pays for each word it reads."""
MAX_ROWS: Final = 20
MAX_TIMES: Final = 100
"""That one fault is planned at once."""


class Tools:
    """One fake at a time, which ends with the context."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._server: InsightsServer | None = None

    def __enter__(self) -> Tools:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the fake, if there is one."""
        self._stack.close()

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """In the order in which an agent needs them."""
        return (
            *(self.start, self.scenario, self.data, self.fault, self.journal, self.verdict),
            *(self.explain, self.check),
        )

    def start(
        self, scenario: list[str] | None = None, seed: int = 0, customers: int = 50, as_of: str = "2026-01-01"
    ) -> dict[str, Any]:
        """Start the fake API (again): its URL, a bearer token, some customers, the operations."""
        try:
            day = date.fromisoformat(as_of)
        except ValueError as error:
            raise InputError(f"{as_of!r} is no date", where="as_of", remedy="give YYYY-MM-DD") from error
        names = cast("tuple[ScenarioName, ...]", tuple(scenario or ()))
        options = ServerOptions(seed=seed, customers=customers, as_of=day, scenarios=names)
        stack = ExitStack()
        fake = stack.enter_context(running_fake(*options.arguments()))
        self._stack.close()  # not before: where the new one cannot start, the old one goes on
        self._stack = stack
        self._server = InsightsServer.of(fake, options)
        operations = {each.id: f"{each.method} {each.path}" for each in Catalogue.load().operations.values()}
        found = self._server.control("GET", "customers?size=3")["customers"]
        return {"url": fake.url, "token": fake.token, "customers": found, "operations": operations}

    def scenario(self, names: list[str] | None = None) -> dict[str, Any]:
        """Put scenarios in force ("healthy": none). Without names: which there are."""
        if names:
            return {"active": self._fake.control("POST", "scenario", {"scenario": names})["active"]}
        answer = self._fake.control("GET", "scenario")
        known = {each["name"]: each["description"] for each in answer["scenarios"]}
        return {"active": answer["active"], "known": known}

    def data(self, customer: str = "") -> dict[str, Any]:
        """The data behind the API: rows of a customer (id or part of a name), or the partner's."""
        if not customer:
            return _shortened(self._fake.control("GET", "figures"))
        query = urlencode({"search": customer, "size": 5})
        found = self._fake.control("GET", f"customers?{query}")["customers"]
        if len(found) != 1:
            return {"customers": found}
        return _shortened(self._fake.control("GET", f"customers/{quote(found[0]['id'], safe='')}"))

    def fault(
        self,
        name: str = "",
        status: int = 0,
        operation: str = "*",
        customer: str = "",
        retry_after: int = 0,
        seconds: float = 0,
        times: int = 1,
    ) -> dict[str, Any]:
        """Let the next requests fail, by a fault's name or a status. Neither: the names of faults."""
        if not name and not status:
            faults = self._fake.control("GET", "faults")["faults"]
            names = [each["name"] for each in faults]
            short = [name for name in names if ":" not in name]
            return {
                "names": short,
                "more": f"{len(names) - len(short)} like {names[-1]}: a keyword broken at one place",
            }
        if not 1 <= times <= MAX_TIMES:
            raise InputError(f"{times} times", where="times", remedy=f"give 1 to {MAX_TIMES}")
        optional = {
            "customer": customer,
            "code": status,
            "fault": name,
            "retryAfter": retry_after,
            "seconds": seconds,
        }
        planned = {"operation": operation} | {key: value for key, value in optional.items() if value}
        plan = self._fake.plan(*[cast("PlannedFault", planned)] * times)
        return plan.account

    def journal(self, last: int = 20, operation: str = "", status: str = "") -> dict[str, Any]:
        """The client's last requests and what they got; status like 429, 5xx or none."""
        filters = {"last": str(last), "operation": operation, "status": status}
        entries = self._fake.journal(**{key: value for key, value in filters.items() if value})
        shown = [{key: value for key, value in each.items() if key in _TOLD and value} for each in entries]
        return {"entries": shown}

    def verdict(self) -> dict[str, Any]:
        """What the client did that the real service would not forgive."""
        answer: dict[str, Any] = self._fake.control("GET", "verdict")
        return answer

    def explain(self, subject: str) -> str:
        """What a violation code (PI101), an erratum (E-001), a resource or Resource.property means."""
        sections = explain(subject, Catalogue.load())
        return "\n\n".join(
            "\n".join([heading, *(f"{label}: {text}" for label, text in lines)])
            for heading, lines in sections
        )

    def check(
        self,
        body: str = "",
        file: str = "",
        operation: str = "",
        profile: Literal["corrected", "literal", "strict"] = "corrected",
    ) -> dict[str, Any]:
        """Judge a response body, or a file of them (.json, .ndjson, .har), by the contract."""
        if bool(body) == bool(file):
            raise InputError("there is nothing to judge, or too much", remedy="give a body or a file")
        catalogue = Catalogue.load(profile)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(file)
            if body:
                path = Path(folder) / "body.json"
                path.write_bytes(body.encode())
            try:
                checked = check_recording(path, catalogue, Profile(profile), operation or None)
            except InputError as error:
                where = "body" if body else error.where
                raise InputError(error.what, where=where, remedy=error.remedy) from error
        found = [each.to_json() for each in checked.violations]
        for each in found if body else ():
            del each["request"]  # there was none
        return {
            "judged": checked.subject,
            "violations": len(found),
            "first": found[:MAX_VIOLATIONS],
            "refused": [str(each) for each in checked.refusals],
        }

    @property
    def _fake(self) -> InsightsServer:
        if self._server is None:
            raise InputError("no fake runs yet", remedy="call start first")
        return self._server


_TOLD: Final = frozenset(
    ("number", "time", "method", "path", "query", "operation", "status", "milliseconds", "fault", "notes")
)
"""Of an entry of the journal: an agent that wants headers or bodies has the URL."""


def _shortened(content: dict[str, Any]) -> dict[str, Any]:
    """The first rows of each list, and how many there are."""
    rows = {key: value[:MAX_ROWS] for key, value in content.items() if isinstance(value, list)}
    totals = {f"{key}Total": len(content[key]) for key in rows}
    return content | rows | totals
