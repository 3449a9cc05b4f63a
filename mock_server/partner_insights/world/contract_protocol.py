"""What a world needs of a contract: any catalogue will do that describes resources and operations so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_insights.contract.query import QueryOptions


class _Described(Protocol):
    @property
    def schema(self) -> Mapping[str, Any]: ...


class _Operation(Protocol):
    @property
    def resource(self) -> str: ...

    @property
    def per_customer(self) -> bool: ...

    @property
    def options(self) -> QueryOptions: ...


class Contract(Protocol):
    """What a world needs of the catalogue: each resource's schema, its properties in table order."""

    @property
    def resources(self) -> Mapping[str, _Described]:
        """By resource name."""
        ...

    @property
    def operations(self) -> Mapping[str, _Operation]:
        """By operation id."""
        ...
