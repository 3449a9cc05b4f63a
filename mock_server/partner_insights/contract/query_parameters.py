"""A documented query parameter and the text sent for it → whether the documentation allows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partner_insights.contract.model import SchemaObject


def is_valid(schema: SchemaObject, text: str) -> bool:
    """Whether the text is a value of the parameter: whole numbers within bounds, or one of a closed list."""
    if schema.get("type") == "integer":
        # int() alone would take spaces, underscores and other scripts' digits.
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            return False
        number = int(text)
        return bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))
    return text in schema.get("enum", [text])
