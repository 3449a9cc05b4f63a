"""A cassette of vcrpy, Betamax or VCR, in JSON → entries as an archive of a browser has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from partner_insights.header_values import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CASSETTE: Final = re.compile(rb'\s*\{\s*("version"\s*:\s*[0-9.]+\s*,\s*)?"(http_)?interactions"\s*:\s*\[')
"""How one begins, whatever its file is called."""
_INTERACTIONS: Final = ("interactions", "http_interactions")


def cassette_entries(document: dict[str, Any]) -> Iterator[Any] | None:
    """The entries of an archive that say the same, one by one; None for what is no cassette."""
    for name in _INTERACTIONS:
        if isinstance(interactions := document.get(name), list):
            return (_entry(each if isinstance(each, dict) else {}) for each in interactions)
    return None


def _entry(interaction: dict[str, Any]) -> dict[str, Any]:
    asked, answered = _object(interaction, "request"), _object(interaction, "response")
    request = {"method": asked.get("method"), "url": asked.get("uri"), "headers": list(_fields(asked))}
    response = {
        "status": _object(answered, "status").get("code"),
        "headers": list(_fields(answered)),
        "content": _content(answered.get("body")),
    }
    return {
        "startedDateTime": _moment(interaction.get("recorded_at")),
        "request": request,
        "response": response,
    }


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _fields(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each value of each name, which has a list of them, or one."""
    for name, values in _object(message, "headers").items():
        for value in values if isinstance(values, list) else [values]:
            yield {"name": name, "value": value}


def _content(body: Any) -> dict[str, Any]:
    stated = body if isinstance(body, dict) else {"string": body}
    coded = stated.get("base64_string")
    return {"text": stated.get("string")} if coded is None else {"text": coded, "encoding": "base64"}


def _moment(stated: Any) -> Any:
    """As Betamax writes it, or, in the words of a header, VCR; vcrpy does not say."""
    moment = moment_of(stated) if isinstance(stated, str) else None
    return stated if moment is None else moment.isoformat()
