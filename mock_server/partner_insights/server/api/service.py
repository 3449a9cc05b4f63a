"""An operation, its path and what was asked → the answer: every decision the API makes, free of Flask.

The order of the checks, and why. The router has matched path (404) and method (405) before: both are about
the address alone. Then:

1. outage        a service that is down looks at nothing
2. token         401, before anything about the partner's data can be learnt
3. token's kind  403 for app-only where only App+User is accepted: still about the caller alone
4. Accept        406, about the exchange, before the resource
5. customer id   400 when it is no GUID, 404 when it is nobody's
6. query         400
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.contract.query_parameters import keeps
from partner_insights.server.api.body_cache import KeptAnswers
from partner_insights.server.api.pagination import page_of
from partner_insights.server.auth.bearer import Gate
from partner_insights.server.auth.tokens import Caller, Tokens
from partner_insights.server.http.errors import Refused, refusal
from partner_insights.server.http.request_headers import Asked, is_guid
from partner_insights.server.http.response import Answer, json_answer
from partner_insights.world.bodies import CUSTOMER, collection_body, customer_body, customers_body
from partner_insights.world.schema_data.bodies import Made, UnknownValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract import Catalogue, Operation
    from partner_insights.server.settings import Settings
    from partner_insights.server.state import Scene, State


class Service:
    """The API: answers an operation for a caller from the scene in force."""

    def __init__(self, catalogue: Catalogue, state: State, settings: Settings, tokens: Tokens) -> None:
        self.catalogue = catalogue
        self.state = state
        self.gate = Gate(settings.auth, tokens)
        self._kept = KeptAnswers()

    def answer(
        self,
        operation: Operation,
        customer_id: str | None,
        query: Mapping[str, str],
        asked: Asked,
        values: Mapping[str, str] | None = None,
    ) -> Answer:
        """The documented answer, be it a refusal; `values` are those of all parameters of the path."""
        scene = self.state.scene
        try:
            self._admit(operation, scene, asked)
            if operation.made:
                return self._made(operation, scene, values or {}, query)
            index = None if customer_id is None else _customer(scene, customer_id)
            return self._content(operation, scene, index, query, asked)
        except Refused as refused:
            return self.refusal(refused, scene)

    def refusal(self, refused: Refused, scene: Scene | None = None) -> Answer:
        """The answer to a documented failure, under the given conditions or those in force."""
        bom = (scene or self.state.scene).conditions.bom
        return refusal(self.catalogue.error_cases[refused.case], refused, bom=bom)

    def _admit(self, operation: Operation, scene: Scene, asked: Asked) -> None:
        if scene.conditions.outage_case is not None:
            raise Refused(scene.conditions.outage_case)
        caller = self.gate.admit(asked.authorization)
        if caller not in operation.auth:
            raise Refused(scene.conditions.app_only_case if caller is Caller.APP_ONLY else "app-only")
        if not asked.takes_json:
            raise Refused("not-acceptable")

    def _content(
        self, operation: Operation, scene: Scene, index: int | None, query: Mapping[str, str], asked: Asked
    ) -> Answer:
        if operation.resource == CUSTOMER:
            if index is not None:
                return self._keep(operation, scene, index, lambda: customer_body(scene.world, index))
            page = page_of(scene.world, query, asked.continuation, operation)
            return self._keep(operation, scene, page, lambda: customers_body(scene.world, page))
        return self._keep(operation, scene, index, lambda: self._collection(operation, scene, index))

    def _made(
        self, operation: Operation, scene: Scene, values: Mapping[str, str], query: Mapping[str, str]
    ) -> Answer:
        """An answer made from the schemas alone, for an operation of a page that is not ours."""
        customer_id = values.get("customer-id")
        if customer_id is not None and not is_guid(customer_id):
            raise Refused("malformed-customer", data=["customer-id"])
        for name, schema in operation.query.items():
            if name in query and not keeps(schema, query[name]):
                raise Refused("invalid-query", data=[name])
        made = Made(scene.world, self.catalogue)
        try:
            return self._keep(
                operation,
                scene,
                tuple(values.values()),
                lambda: made.body(operation, values, empty=scene.conditions.empty),
            )
        except UnknownValue as unknown:
            case = "unknown-customer" if unknown.parameter == "customer-id" else "not-found"
            raise Refused(case) from unknown

    def _keep(self, operation: Operation, scene: Scene, key: object, make: Any) -> Answer:
        return self._kept.get(
            (operation.id, scene.conditions, scene.world.as_of, key),
            lambda: json_answer(make(), bom=scene.conditions.bom),
        )

    def _collection(self, operation: Operation, scene: Scene, index: int | None) -> dict[str, Any]:
        rows = [] if scene.conditions.empty else scene.world.rows(operation.resource, index)
        if scene.conditions.promised_only:
            promised = set(self.catalogue.schema(operation.resource).get("required", ()))
            rows = [{name: value for name, value in row.items() if name in promised} for row in rows]
        return collection_body(self.catalogue, operation.envelope or operation.resource, rows)


def _customer(scene: Scene, customer_id: str) -> int:
    if not is_guid(customer_id):
        raise Refused("malformed-customer", data=["customer-id"])
    index = scene.world.customer_index(customer_id)
    if index is None:
        raise Refused("unknown-customer")
    return index
