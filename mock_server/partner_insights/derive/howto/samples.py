"""A sample response → its body as JSON, as far as it can be read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from partner_insights.derive.howto.lenient_json import UNKNOWN, LenientJson, parse_lenient

if TYPE_CHECKING:
    from partner_insights.derive.howto.page import SampleResponse


@cache
def reading_of(sample: SampleResponse) -> LenientJson:
    """The sample's body, with the line of each part and its defects (lines within the sample)."""
    return parse_lenient(sample.text)


def body_of(sample: SampleResponse) -> Any:
    """The body of a success; None where the sample is a failure, or nothing of it can be read."""
    if sample.status is not None and not 200 <= sample.status < 300:
        return None
    value = reading_of(sample).value
    return None if value is UNKNOWN else value


def object_type(body: Any) -> str | None:
    """What a body says its items, or it itself, are."""
    items = (body.get("items") or body.get("value")) if isinstance(body, dict) else body
    for item in items if isinstance(items, list) else [body]:
        attributes = item.get("attributes") if isinstance(item, dict) else None
        kind = attributes.get("objectType") if isinstance(attributes, dict) else None
        if kind is None and isinstance(item, dict):
            kind = str(item.get("@odata.type", "")).rpartition(".")[2]  # "#microsoft.graph.user"
        if isinstance(kind, str) and kind.isidentifier():
            return kind
    return None
