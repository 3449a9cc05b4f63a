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
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import Snapshot, State


class Service:
    """The API: answers an operation for a caller from the scene in force."""

    def __init__(self, catalogue: Catalogue, state: State, settings: Settings, tokens: Tokens) -> None:
        self.catalogue = catalogue
        self.state = state
        self.gate = Authenticator(settings.auth, tokens, state)
        self._reading = settings.reading

    def answer(
        self,
        operation: Operation,
        customer_id: str | None,
        query: Mapping[str, str],
        headers: RequestHeaders,
        values: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """The documented answer, be it a refusal; `values` are those of all parameters of the path."""
        scene, token = self.state.scene, None
        try:
            token = self._authenticate(scene, headers)
            self._authorize(operation, scene, token, headers)
            response = self._respond(
                operation, scene.of_partner(token.tenant_id), customer_id, query, headers, values or {}
            )
        except ApiError as refused:
            response = self.error_response(refused, scene)
        if token is None or token.caller is Caller.APP_ONLY or not headers.validates_mfa:
            return response
        compliant = ("isMfaCompliant", str(token.mfa and scene.conditions.mfa).lower())
        return replace(response, headers=(*response.headers, compliant))

    def _respond(
        self,
        operation: Operation,
        scene: Snapshot,
        customer_id: str | None,
        query: Mapping[str, str],
        headers: RequestHeaders,
        values: Mapping[str, str],
    ) -> ApiResponse:
        """The response to a caller who was admitted; ApiError for what cannot be had."""
        if operation.synthetic:
            return self._synthetic(operation, scene, values, query, headers)
        if operation.options:
            return self._page(operation, scene, query, headers)
        index = None if customer_id is None else _customer(scene, customer_id)
        return self._content(operation, scene, index, query, headers)

    def error_response(self, refused: ApiError, scene: Snapshot | None = None) -> ApiResponse:
        """The answer to a documented failure, under the given conditions or those in force."""
        bom = (scene or self.state.scene).conditions.bom
        return error_response(self.catalogue.error_cases[refused.case], refused, bom=bom)

    def _authenticate(self, scene: Snapshot, headers: RequestHeaders) -> AccessToken:
        if scene.conditions.outage_case is not None:
            raise ApiError(scene.conditions.outage_case)
        return self.gate.authenticate(headers.authorization)

    def _authorize(
        self, operation: Operation, scene: Snapshot, token: AccessToken, headers: RequestHeaders
    ) -> None:
        conditions = scene.conditions
        if token.caller not in operation.auth:
            raise ApiError(conditions.app_only_case if token.caller is Caller.APP_ONLY else "app-only")
        if token.caller is Caller.APP_USER:
            if conditions.mfa_required and not (token.mfa and conditions.mfa):
                raise ApiError("mfa-required", headers={"WWW-Authenticate": REALM})
            if not (conditions.roles and scene.identity.roles(token.user)):
                raise ApiError("no-role")
        if not headers.takes_json:
            raise ApiError("not-acceptable")

    def _content(
        self,
        operation: Operation,
        scene: Snapshot,
        index: int | None,
        query: Mapping[str, str],
        headers: RequestHeaders,
    ) -> ApiResponse:
        if operation.resource != CUSTOMER:
            body = self._collection(operation, scene, index)
        elif index is not None:
            body = customer_body(scene.world, index)
        else:
            page = parse_page(scene.world, query, headers.continuation, operation)
            body = customers_body(scene.world, page)
        return json_response(body, bom=scene.conditions.bom)

    def _page(
        self, operation: Operation, scene: Snapshot, query: Mapping[str, str], headers: RequestHeaders
    ) -> ApiResponse:
        """The rows that the query chooses, as the operation's own description of it says."""
        reading, asked = self._reading, self._asked(operation, query)
        if scene.conditions.empty:
            body = page_body(self.catalogue.schema(operation.envelope or ""), operation, RowPage([], 0), None)
        else:
            body = query_body(
                scene.world, operation, asked, path=headers.path, form=reading.next_link, host=headers.origin
            )
            required = self.catalogue.schema(operation.resource).get("required", ())
            for change in scene.conditions.rows:
                body[operation.layout.rows] = [change(row, required) for row in body[operation.layout.rows]]
        return json_response(body, bom=scene.conditions.bom)

    def _asked(self, operation: Operation, query: Mapping[str, str]) -> Query:
        exact = self._reading.value_case is ValueCase.EXACT
        try:
            return read_query(operation.options, _pairs(query), exact=exact)
        except InvalidQuery as invalid:
            raise ApiError(self._query_case(operation), data=[invalid.reason]) from invalid

    def _query_case(self, operation: Operation) -> str:
        """The documented failure that answers a query that is refused."""
        known = {each.case for each in operation.errors}
        partner_center = self._reading.error_dialect is ErrorDialect.PARTNER_CENTER
        return _ANALYTICS if _ANALYTICS in known and not partner_center else "invalid-query"

    def _synthetic(
        self,
        operation: Operation,
        scene: Snapshot,
        values: Mapping[str, str],
        query: Mapping[str, str],
        headers: RequestHeaders,
    ) -> ApiResponse:
        """A response from the schemas alone, for an operation of a page that is not ours."""
        customer_id = values.get("customer-id")
        if customer_id is not None and not is_guid(customer_id):
            raise ApiError("malformed-customer", data=["customer-id"])
        for name, schema in operation.query.items():
            if name in query and operation.options.named(name) is None and not is_valid(schema, query[name]):
                raise ApiError("invalid-query", data=[name])
        asked = self._asked(operation, query)
        made, empty = SchemaData(scene.world, self.catalogue), scene.conditions.empty
        try:
            if operation.options:
                body = made.page(operation, values, asked, headers.path, headers.origin, empty=empty)
            else:
                body = made.body(operation, values, empty=empty)
        except UnknownPathValue as unknown:
            case = "unknown-customer" if unknown.parameter == "customer-id" else "not-found"
            raise ApiError(case) from unknown
        return json_response(body, bom=scene.conditions.bom)

    def _collection(self, operation: Operation, scene: Snapshot, index: int | None) -> dict[str, Any]:
        rows = [] if scene.conditions.empty else scene.world.rows(operation.resource, index)
        required = self.catalogue.schema(operation.resource).get("required", ())
        for change in scene.conditions.rows:
            rows = [change(row, required) for row in rows]
        return collection_body(self.catalogue, operation.envelope or operation.resource, rows)


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
