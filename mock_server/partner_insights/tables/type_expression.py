"""What the cell of a Type column says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TypeExpression:
    """What a Type cell says. Only the fields of its kind are set.

    `json_type` is a JSON Schema type; `format` one of JSON Schema's or OpenAPI's formats (date-time, date,
    uuid, uri, int32, int64, float, double) or `decimal`. `name` is a resource's name as the cell gives it,
    `target` where its link leads (`utility-resources.md#resourceattributes`), None for a name in plain text.
    `items` is None for an array of which the cell does not say what it holds. `enumeration` is a string of
    which the cell says that its values are listed somewhere. `pattern` is one that a string keeps; a value of
    kind "any" may be of any type.
    """

    kind: Literal["scalar", "array", "object", "reference", "any"]
    json_type: str | None = None
    format: str | None = None
    items: TypeExpression | None = None
    name: str | None = None
    target: str | None = None
    nullable: bool = False
    enumeration: bool = False
    pattern: str | None = None

    @property
    def innermost(self) -> TypeExpression:
        """What an array holds, and an array within it; itself where it is none, or does not say."""
        return self if self.items is None else self.items.innermost
