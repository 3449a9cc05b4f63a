"""The parameters of a request to the directory → their values, or what is wrong with their form."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from partner_insights.server.auth.errors import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import MultiDict

MAX_CHARACTERS: Final = 32 * 1024
"""Of one value: more than any token has."""


class Fields(dict[str, str]):
    """Parameters by their names; one without a value is one that is absent (RFC 6749, section 3.2)."""

    def required(self, name: str) -> str:
        """The value; DirectoryError where it is absent."""
        if name not in self:
            raise DirectoryError("missing", name)
        return self[name]

    def one_of(self, name: str, known: Mapping[str, object] | tuple[str, ...], default: str) -> str:
        """The value, or the default; DirectoryError where it is none of those known."""
        value = self.get(name, default)
        if value not in known:
            raise DirectoryError("invalid", name)
        return value


def read_fields(sent: MultiDict[str, str], authorization: str | None = None) -> Fields:
    """Each parameter once; a client's id and secret may stand in an Authorization header, too."""
    fields = Fields(_basic(authorization))
    for name, values in sent.lists():
        if len(values) > 1:
            raise DirectoryError("repeated", name)
        if max(len(name), len(values[0])) > MAX_CHARACTERS:
            raise DirectoryError("too-long", name)
        if values[0]:
            fields[name] = values[0]
    return fields


def _basic(authorization: str | None) -> dict[str, str]:
    """Client id and secret from an Authorization: Basic header (RFC 6749, section 2.3.1)."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client, _, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return {}
    stated = {"client_id": unquote_plus(client), "client_secret": unquote_plus(secret)}
    return {name: value for name, value in stated.items() if value}
