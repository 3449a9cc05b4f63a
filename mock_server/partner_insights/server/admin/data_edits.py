"""`/_admin/customers/…` and `/_admin/data` → customers of one's own, put into the running fake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from partner_insights.contract.formats import GUID
from partner_insights.errors import InputError
from partner_insights.server.admin.controls import Control, ControlError, json_error, json_ok
from partner_insights.server.admin.data_views import customer_content, known_customer
from partner_insights.server.http.request import MAX_DATA
from partner_insights.world.own import load
from partner_insights.world.own.columns_of_data import known_name
from partner_insights.world.own.edit_check import checked
from partner_insights.world.own.files import chunks_in, chunks_of_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.server.state import State
    from partner_insights.world import World
    from partner_insights.world.own.chunk import Chunk

_AT_ONCE: Final = 2048
"""Customers whose rows are written together."""


class DataEdits:
    """What changes the customers of a running fake."""

    def __init__(self, state: State) -> None:
        self._state = state

    def controls(self) -> tuple[Control, ...]:
        """Those beside the views of the same paths."""
        alone = "the data is fixed: restart with --data, or"
        customer, licence = "/customers/<customer_id>", "/customers/<customer_id>/licenses/<path:product>"
        return (
            Control("/customers", "POST", self.add, alone),
            Control(customer, "PUT", self.put, alone),
            Control(customer, "PATCH", self.change, alone),
            Control(customer, "DELETE", self.remove, alone),
            Control(licence, "PUT", self.put_licence, alone),
            Control(licence, "PATCH", self.change_licence, alone),
            Control(licence, "DELETE", self.remove_licence, alone),
            Control("/data", "POST", self.load, alone),
            Control("/data", "GET", self.export),
        )

    def add(self) -> Response:
        """A customer of the body; one of the same name or id is replaced."""
        return self._enter(chunks_of_value(_object()), load.put)

    def put(self, customer_id: str) -> Response:
        """A customer in place of what there was of it."""
        return self._enter(chunks_of_value(_with_id(_object(), customer_id)), load.put)

    def change(self, customer_id: str) -> Response:
        """What the body gives of a customer; the rest stays."""
        known_customer(self._state.world, customer_id)
        return self._change(customer_id, _object(), load.change)

    def remove(self, customer_id: str) -> Response:
        """Without a customer."""
        known_customer(self._state.world, customer_id)
        self._state.edit(lambda world: load.remove(customer_id, world) or world)
        return json_ok({"removed": customer_id, "customers": self._state.world.customers})

    def put_licence(self, customer_id: str, product: str) -> Response:
        """A customer's licences of a product, in place of what there was of them."""
        return self._licence(customer_id, product, load.put_licences)

    def change_licence(self, customer_id: str, product: str) -> Response:
        """What the body gives of a customer's licences of a product; the rest stays."""
        try:
            return self._licence(customer_id, product, load.change_licences)
        except KeyError as error:
            raise _no_licences(product) from error

    def remove_licence(self, customer_id: str, product: str) -> Response:
        """Without a customer's licences of a product."""
        known_customer(self._state.world, customer_id)
        try:
            self._state.edit(lambda world: load.remove_licences(customer_id.lower(), product, world))
        except KeyError as error:
            raise _no_licences(product) from error
        return self._customer(customer_id)

    def load(self) -> Response:
        """Rows of the body: JSON, or by its Content-Type CSV, NDJSON or Parquet. All of them, or none.

        `?only=true`: they are all there is. `?allowInvalid=true`: those that break the contract, too.
        """
        request.max_content_length = MAX_DATA
        try:
            content = request.get_data()
        except RequestEntityTooLarge as error:
            words = f"more than {MAX_DATA // 2**20} MiB: restart with --data, or send it in parts"
            raise ControlError(413, words) from error
        only, invalid = _flag("only"), _flag("allowInvalid")
        counted: dict[str, Any] = {}

        def change(world: World) -> World:
            world = world.without_customers() if only else world
            chunks = chunks_in(content, request.content_type or "")
            data = load.read(chunks, world, allow_invalid=invalid)
            counted.update(
                customers=len(data),
                licences=len(data.licences.customer),
                invalid=[each for _, each in data.notes],
            )
            return load.put(data, world)

        self._state.edit(change)
        return json_ok(counted)

    def export(self) -> Response:
        """The rows of a resource (`?rows=`), one a line; without it, which resources make up the world."""
        wanted, world = request.args.get("rows"), self._state.scene.world
        if wanted is None:
            return json_ok({"resources": load.resources_of(world)})
        known = load.OLDER_RESOURCES + load.NEWER_RESOURCES
        if wanted not in known:
            return json_error(400, f"give rows={', rows='.join(known)}")
        return Response(_lines(world, wanted), mimetype="application/x-ndjson")

    def _licence(self, customer_id: str, product: str, enter: Callable[[Any, World], World]) -> Response:
        licence = _object()
        for name in _named(licence, "productName"):
            if (named := licence.pop(name)) != product:
                words = f"{named!r} is not the product of the path, {product!r}"
                raise InputError(words, where=f"/{name}")
        return self._change(customer_id, {"licenses": [{**licence, "product": product}]}, enter)

    def _change(
        self, customer_id: str, content: dict[str, Any], enter: Callable[[Any, World], World]
    ) -> Response:
        index = known_customer(self._state.world, customer_id)
        return self._enter(chunks_of_value(_of(self._state.world, index, customer_id, content)), enter)

    def _enter(self, chunks: Iterator[Chunk], enter: Callable[[Any, World], World]) -> Response:
        rows = list(chunks)
        entered: list[tuple[str, bool]] = []

        def change(world: World) -> World:
            allow_invalid = _flag("allowInvalid")
            data = load.read(rows, world, allow_invalid=allow_invalid)
            entered.extend((each, world.customer_index(each) is None) for each in data.ids)
            return checked(enter(data, world), world, data.ids, allow_invalid=allow_invalid)

        self._state.edit(change)
        customer_id, is_new = entered[0]
        return self._customer(customer_id, 201 if is_new else 200)

    def _customer(self, customer_id: str, status: int = 200) -> Response:
        scene = self._state.scene
        index = scene.world.customer_index(customer_id)
        if index is None:  # a scenario that shows fewer customers
            return json_ok({"id": customer_id}, status)
        place = f"{request.script_root}/_admin/customers/{customer_id}"
        return json_ok(customer_content(scene, index), status, ("Location", place))


def _no_licences(product: str) -> ControlError:
    return ControlError(404, f"the customer has no licences of {product[:80]!r}")


def _object() -> dict[str, Any]:
    try:
        content = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"the body is no JSON ({error})", remedy='send an object like {"name": "Fabrikam"}'
        ) from error
    if isinstance(content, list):
        return {"items": content}
    if not isinstance(content, dict):
        raise InputError("the body is no object", remedy='send one like {"name": "Fabrikam", "licenses": []}')
    return content


def _with_id(content: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """The content about the customer of a path."""
    if not GUID.fullmatch(customer_id):
        raise InputError(
            f"{customer_id[:80]!r} is no GUID (format uuid)", remedy="name the customer by its id"
        )
    rows = content.get("items")
    if isinstance(rows, list):
        return {"items": [_with_id(each, customer_id) if isinstance(each, dict) else each for each in rows]}
    ids = _named(content, "customerId")
    for name in ids:
        if str(content[name]).lower() != customer_id.lower():
            raise InputError(f"{content[name]!r} is not the id of the path", where=f"/{name}")
    rest = {name: value for name, value in content.items() if name not in ids}
    return {"id": customer_id, **rest}


def _of(world: World, index: int, customer_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """A change of a customer: without licences it is about the customer alone."""
    content = _with_id(content, customer_id)
    if "items" in content:
        return content
    name = {} if _named(content, "customerName") else {"name": world.names.name(index)}
    return {"licenses": [], **name, **content}


def _named(content: dict[str, Any], known: str) -> list[str]:
    """The members that mean one of the API's, however they are written."""
    return [name for name in content if known_name(name) == known]


def _flag(name: str) -> bool:
    return request.args.get(name, "").lower() in ("1", "true", "yes")


def _lines(world: World, resource: str) -> Iterator[bytes]:
    for start in range(0, world.customers, _AT_ONCE):
        rows = world.rows_of(resource, start, start + _AT_ONCE)
        yield b"".join(orjson.dumps(row) + b"\n" for row in rows)
