"""What the judge's tests share: hand-written answers that keep the contract, and servers that do as told."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from partner_insights.contract import Catalogue, Profile
from partner_insights.verify import Exchange, Request, Response
from partner_insights.verify.run.client import Client, Secret
from partner_insights.verify.run.target import Target
from partner_insights.world import World
from partner_insights.world.bodies import response_body

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from partner_insights.verify.run.client import Headers

CUSTOMER = "4d3cf487-70f4-4e1e-9ff1-b2bfce8d9f04"
OTHER = "5b1c1f0e-6a57-4b8e-8a0a-0f6d1c2b3a49"
ECHOED = ("MS-RequestId", "MS-CorrelationId")
REQUEST_ID = "25b6edd5-1f53-456b-b48c-c64f60ec2dda"

HEADERS = (
    ("Content-Type", "application/json; charset=utf-8"),
    ("MS-RequestId", REQUEST_ID),
    ("MS-CorrelationId", "6492b9d6-5629-429b-934c-040b1946e760"),
    ("MS-CV", "f0trvmq8mEScHcFS.0"),
    ("MS-ServerId", "102030524"),
)


def partner_deployment(service: str, channel: str, percent: float, sold: int) -> dict[str, Any]:
    return {
        "proratedDeploymentPercent": percent,
        "licensesSold": sold,
        "processedDateTime": "2026-03-10T03:25:16.36+00:00",
        "serviceName": service,
        "channel": channel,
        "attributes": {"objectType": "PartnerLicensesDeploymentInsights"},
    }


def partner_usage(workload: str, percent: float) -> dict[str, Any]:
    return {
        "proratedLicensesUsagePercent": percent,
        "workloadName": workload,
        "processedDateTime": "2026-03-10T00:00:00+00:00",
        "serviceName": "o365",
        "channel": "reseller",
        "attributes": {"objectType": "PartnerLicensesUsageInsights"},
    }


def customer_deployment(product: str, deployed: int, sold: int, percent: float) -> dict[str, Any]:
    return {
        "licensesDeployed": deployed,
        "licensesSold": sold,
        "deploymentPercent": percent,
        "customerId": CUSTOMER,
        "customerName": "Contoso",
        "productName": product,
        "serviceCode": "o365",
        "processedDateTime": "2026-03-10T03:25:16.36+00:00",
        "serviceName": "o365",
        "channel": "reseller",
        "attributes": {"objectType": "CustomerLicensesDeploymentInsights"},
    }


def customer_usage(workload: str, active: int, qualified: int, percent: float) -> dict[str, Any]:
    return {
        "workloadCode": workload[:3].upper(),
        "workloadName": workload,
        "usagePercent": percent,
        "licensesActive": active,
        "licensesQualified": qualified,
        "customerId": CUSTOMER,
        "customerName": "Contoso",
        "productName": "OFFICE 365 ENTERPRISE E3",
        "serviceCode": "o365",
        "processedDateTime": "2026-03-10T00:00:00+00:00",
        "serviceName": "o365",
        "channel": "reseller",
        "attributes": {"objectType": "CustomerLicensesUsageInsights"},
    }


def a_customer(guid: str) -> dict[str, Any]:
    profile = {
        "tenantId": guid,
        "domain": "contoso.example",
        "companyName": "Contoso",
        "attributes": {"objectType": "CustomerCompanyProfile"},
    }
    return {
        "id": guid,
        "companyProfile": profile,
        "relationshipToPartner": "reseller",
        "attributes": {"objectType": "Customer"},
    }


def collection(*items: dict[str, Any]) -> dict[str, Any]:
    return {"totalCount": len(items), "items": list(items), "attributes": {"objectType": "Collection"}}


def good_body(operation: str) -> Any:
    """A body that keeps the contract, made anew for every caller to spoil.

    The customer's rows are the only ones of the partner, so the four agree with each other.
    """
    promised = Catalogue.load().operations.get(operation)
    if promised is not None and promised.options:
        return response_body(World(Catalogue.load(), customers=2, as_of=date(2026, 11, 20)), promised)
    bodies: dict[str, Callable[[], Any]] = {
        "partner-licenses-deployment": lambda: collection(partner_deployment("o365", "reseller", 16.43, 280)),
        "partner-licenses-usage": lambda: collection(
            partner_usage("Exchange", 2.43), partner_usage("Teams", 26.16)
        ),
        "customer-licenses-deployment": lambda: collection(
            customer_deployment("EXCHANGE ONLINE (PLAN 1)", 5, 206, 2.43),
            customer_deployment("OFFICE 365 ENTERPRISE E3", 41, 74, 55.41),
        ),
        "customer-licenses-usage": lambda: collection(
            customer_usage("Exchange", 5, 206, 2.43), customer_usage("Teams", 124, 474, 26.16)
        ),
        "customers": lambda: (
            collection(a_customer(CUSTOMER))
            | {"links": {"self": {"uri": "/customers?size=1", "method": "GET", "headers": []}}}
        ),
        "customer": lambda: a_customer(CUSTOMER),
    }
    return bodies[operation]()


def error_body(code: int) -> dict[str, Any]:
    return {"code": str(code), "description": "Refused", "data": [], "source": "contract"}


@dataclass(frozen=True)
class Plant:
    """Builds exchanges out of parts that can be exchanged for bad ones."""

    catalogue: Catalogue

    def exchange(self, operation: str | None, body: Any = None, **parts: Any) -> Exchange:
        """A good exchange of an operation, but for the parts given."""
        content = parts.pop("content", None)
        if content is None:
            content = json.dumps(good_body(operation or "") if body is None else body).encode()
        response = {name: parts.pop(name) for name in ("status", "headers", "received") if name in parts}
        sent = parts.pop("headers_sent", ())
        known = self.catalogue.operations.get(operation or "")
        customer = CUSTOMER if known is not None and known.per_customer else None
        request: dict[str, Any] = {
            "method": "GET",
            "url": "http://127.0.0.1:8010/v1",
            "headers": (
                *(("MS-RequestId", REQUEST_ID), ("Authorization", "Bearer $PARTNER_INSIGHTS_TOKEN")),
                *sent,
            ),
            "operation": operation,
            "customer": customer,
            "customer_known": True if customer else None,
        }
        answered = {"status": 200, "headers": HEADERS} | response
        return Exchange(Request(**(request | parts)), Response(body=content, **answered))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="session")
def plant(catalogue: Catalogue) -> Plant:
    return Plant(catalogue)


@pytest.fixture(scope="session")
def good() -> Callable[[str], Any]:
    return good_body


@pytest.fixture(scope="session")
def error() -> Callable[[int], dict[str, Any]]:
    return error_body


Handle = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serving() -> Iterator[Callable[[Handle], str]]:
    """Serve real HTTP on a free port by a function; returns the URL. Stopped with the test."""
    servers: list[ThreadingHTTPServer] = []

    def serve(handle: Handle) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                handle(self)

            do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *_: Any) -> None:
                """Say nothing on stderr."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hangs up is what some tests are about; nothing else is passed over."""
                if not isinstance(sys.exception(), ConnectionError):
                    super().handle_error(request, client_address)

        server = Server(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


Vary = Callable[[str, str, Response], Response]
"""What becomes of an answer, by the method and the path of its request."""


@pytest.fixture(scope="session")
def answers() -> dict[object, TestResponse]:
    """What the applications of `answered_by` have answered, by application and request."""
    return {}


@pytest.fixture
def answered_by(monkeypatch: pytest.MonkeyPatch, answers: dict[object, TestResponse]) -> Callable[..., None]:
    """Let an application in this process answer whatever the suite sends, without a socket in between.

    Requests that differ in their ids alone have the same answer, but for the ids: it is asked for once.
    """

    def answered_by(app: Flask, vary: Vary = lambda _, __, answer: answer) -> None:
        def attempt(
            _: Client, method: str, path: str, headers: Headers, authorization: Secret | None
        ) -> Response:
            token = {} if authorization is None else {"Authorization": authorization.reveal()}
            sent = {**dict(headers), **token, "Accept-Encoding": "identity"}
            key = (app, method, path, *(each for each in sent.items() if each[0] not in ECHOED))
            answer = answers.get(key)
            if answer is None:
                answer = answers[key] = app.test_client().open(
                    path, method=method, headers=list(sent.items())
                )
            ids = {name: sent.get(name, str(uuid4())) for name in ECHOED}
            fields = tuple((name, ids.get(name, value)) for name, value in answer.headers.items())
            return vary(
                method, path, Response(answer.status_code, fields, answer.data, received=datetime.now(UTC))
            )

        monkeypatch.setattr(Client, "_attempt", attempt)

    return answered_by


@pytest.fixture
def target_at() -> Callable[..., Target]:
    """A server to judge by the strict contract, as if it were our own fake."""

    def target(url: str, *, seed: int = 0, own: bool = True, ceiling: int | None = None) -> Target:
        return Target(
            url=url,
            own=own,
            profile=Profile.STRICT,
            token=Secret("token"),
            app_only=None,
            token_variable="TOKEN",
            app_token_variable="APP_TOKEN",
            seed=seed,
            max_requests=ceiling,
            rate=None,
        )

    return target
