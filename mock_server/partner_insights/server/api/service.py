"""An operation, its path and what was asked → the answer: every decision the API makes, free of Flask.

The order of the checks, and why. The router has matched path (404) and method (405) before: both are about
the address alone. Then:

1. outage        a service that is down looks at nothing
2. token         401, before anything about the partner's data can be learnt
3. token's kind  403 for app-only where only App+User is accepted: still about the caller alone; then the
                 user's second factor (401) and role (403)
4. Accept        406, about the exchange, before the resource
5. customer id   400 when it is no GUID, 404 when it is nobody's
6. query         400
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace
from werkzeug.datastructures import MultiDict

from partner_insights.contract.query import InvalidQuery, read_query
from partner_insights.contract.query.parameters import is_valid
from partner_insights.server.api.pagination import parse_page
from partner_insights.server.auth.bearer import REALM, Authenticator
from partner_insights.server.auth.tokens import Caller
from partner_insights.server.http.errors import ApiError, error_response
from partner_insights.server.http.request_headers import RequestHeaders, is_guid
from partner_insights.server.http.response import ApiResponse, json_response
from partner_insights.server.http.routes import is_not_faked
from partner_insights.server.settings import ErrorDialect, ValueCase
from partner_insights.world.bodies import collection_body, customer_body, customers_body
from partner_insights.world.customer_resource import CUSTOMER
from partner_insights.world.query import RowPage, page_body, query_body
from partner_insights.world.schema_data.bodies import SchemaData, UnknownPathValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.contract.query import Query
    from partner_insights.server.auth.tokens import AccessToken, Tokens
    from partner_insights.server.scenarios import Row
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import Snapshot, State


class ApiRequest(Struct, frozen=True):
    """What is asked of an operation."""

    operation: Operation
    values: Mapping[str, str]
    """Of the parameters of the path."""
    query: Mapping[str, str]
    headers: RequestHeaders

    @property
    def customer(self) -> str | None:
        """As the path names it."""
        return self.values.get("customer-id")


class Service:
    """The API: answers an operation for a caller from the scene in force."""

    def __init__(self, catalogue: Catalogue, state: State, settings: Settings, tokens: Tokens) -> None:
        self.catalogue = catalogue
        self.state = state
        self.gate = Authenticator(settings.auth, tokens, state)
        self._reading = settings.reading

    def answer(self, asked: ApiRequest) -> ApiResponse:
        """The documented answer, be it a refusal."""
        scene, headers, token = self.state.scene, asked.headers, None
        try:
            token = self._authenticate(scene, headers)
            self._authorize(asked, scene, token)
            response = self._respond(asked, scene.of_partner(token.tenant_id))
        except ApiError as refused:
            response = self.error_response(refused, scene)
        if token is None or token.caller is Caller.APP_ONLY or not headers.validates_mfa:
            return response
        compliant = ("isMfaCompliant", str(token.mfa and scene.conditions.mfa).lower())
        return replace(response, headers=(*response.headers, compliant))

    def _respond(self, asked: ApiRequest, scene: Snapshot) -> ApiResponse:
        """The response to a caller who was admitted; ApiError for what cannot be had."""
        if asked.operation.synthetic:
            body = self._synthetic(asked, scene)
        elif asked.operation.options:
            body = self._page(asked, scene)
        else:
            body = self._content(asked, scene)
        return json_response(body, bom=scene.conditions.bom)

    def error_response(self, refused: ApiError, scene: Snapshot | None = None) -> ApiResponse:
        """The answer to a documented failure, under the given conditions or those in force."""
        bom = (scene or self.state.scene).conditions.bom
        return error_response(self.catalogue.error_cases[refused.case], refused, bom=bom)

    def _authenticate(self, scene: Snapshot, headers: RequestHeaders) -> AccessToken:
        if scene.conditions.outage_case is not None:
            raise ApiError(scene.conditions.outage_case)
        return self.gate.authenticate(headers.authorization)

    def _authorize(self, asked: ApiRequest, scene: Snapshot, token: AccessToken) -> None:
        conditions = scene.conditions
        if token.caller not in asked.operation.auth:
            raise ApiError(conditions.app_only_case if token.caller is Caller.APP_ONLY else "app-only")
        if token.caller is Caller.APP_USER:
            if conditions.mfa_required and not (token.mfa and conditions.mfa):
                raise ApiError("mfa-required", headers={"WWW-Authenticate": REALM})
            if not (conditions.roles and scene.identity.roles(token.user)):
                raise ApiError("no-role")
        if not asked.headers.takes_json:
            raise ApiError("not-acceptable")

    def _content(self, asked: ApiRequest, scene: Snapshot) -> dict[str, Any]:
        operation, world, customer = asked.operation, scene.world, asked.customer
        index = None if customer is None else _customer(scene, customer)
        if operation.resource != CUSTOMER:
            rows = [] if scene.conditions.empty else world.rows(operation.resource, index)
            envelope = operation.envelope or operation.resource
            return collection_body(self.catalogue, envelope, self._changed(rows, operation, scene))
        if index is not None:
            return customer_body(world, index)
        return customers_body(world, parse_page(world, asked.query, asked.headers.continuation, operation))

    def _page(self, asked: ApiRequest, scene: Snapshot) -> dict[str, Any]:
        """The rows that the query chooses, as the operation's own description of it says."""
        operation, headers, query = asked.operation, asked.headers, self._query(asked)
        if scene.conditions.empty:
            return page_body(self.catalogue.schema(operation.envelope or ""), operation, RowPage([], 0), None)
        form, host = self._reading.next_link, headers.origin
        body = query_body(scene.world, operation, query, path=headers.path, form=form, host=host)
        rows = operation.layout.rows
        return body | {rows: self._changed(body[rows], operation, scene)}

    def _changed(self, rows: list[Row], operation: Operation, scene: Snapshot) -> list[Row]:
        """The rows as the scenarios in force have them."""
        required = self.catalogue.schema(operation.resource).get("required", ())
        for change in scene.conditions.rows:
            rows = [change(row, required) for row in rows]
        return rows

    def _query(self, asked: ApiRequest) -> Query:
        exact = self._reading.value_case is ValueCase.EXACT
        try:
            return read_query(asked.operation.options, _pairs(asked.query), exact=exact)
        except InvalidQuery as invalid:
            raise ApiError(self._query_case(asked.operation), data=[invalid.reason]) from invalid

    def _query_case(self, operation: Operation) -> str:
        """The documented failure that answers a query that is refused."""
        known = {each.case for each in operation.errors}
        partner_center = self._reading.error_dialect is ErrorDialect.PARTNER_CENTER
        return _ANALYTICS if _ANALYTICS in known and not partner_center else "invalid-query"

    def _synthetic(self, asked: ApiRequest, scene: Snapshot) -> dict[str, Any]:
        """A body from the schemas alone, for an operation of a page that is not ours."""
        operation, values, headers = asked.operation, asked.values, asked.headers
        if asked.customer is not None and not is_guid(asked.customer):
            raise ApiError("malformed-customer", data=["customer-id"])
        for name, schema in operation.query.items():
            text = asked.query.get(name)
            if text is not None and operation.options.named(name) is None and not is_valid(schema, text):
                raise ApiError("invalid-query", data=[name])
        query = self._query(asked)
        made, empty = SchemaData(scene.world, self.catalogue), scene.conditions.empty
        try:
            if operation.options:
                return made.page(operation, values, query, headers.path, headers.origin, empty=empty)
            return made.body(operation, values, empty=empty)
        except UnknownPathValue as unknown:
            case = "unknown-customer" if unknown.parameter == "customer-id" else "not-found"
            raise ApiError(case) from unknown


_ANALYTICS: Final = "invalid-analytics-query"


def _pairs(query: Mapping[str, str]) -> list[tuple[str, str]]:
    """The parameters in their order, repeated ones too."""
    return list(query.items(multi=True)) if isinstance(query, MultiDict) else list(query.items())


def _customer(scene: Snapshot, customer_id: str) -> int:
    if is_not_faked(customer_id):
        raise ApiError("not-found")
    if not is_guid(customer_id):
        raise ApiError("malformed-customer", data=["customer-id"])
    index = scene.world.customer_index(customer_id)
    if index is None:
        raise ApiError("unknown-customer")
    return index
