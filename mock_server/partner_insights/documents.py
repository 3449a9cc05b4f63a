"""JSON and TOML of any origin → values; whatever is none is a ValueError with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from partner_insights.file_reader import read_input

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOO_DEEP: Final = "it nests too deeply"
_JSON_TYPES: Final = {
    **{bool: "boolean", str: "string", int: "integer"},
    **{float: "number", list: "array", dict: "object"},
}


def json_value(text: str | bytes) -> Any:
    """What JSON says."""
    return _read(lambda: json.loads(text))


def toml_value(text: str) -> dict[str, Any]:
    """What TOML says."""
    import tomli  # who reads no TOML does without

    table: dict[str, Any] = _read(lambda: tomli.loads(text))
    return table


def read_document(path: Path) -> Any:
    """What a file says: JSON where its name says so, else TOML. OSError where it cannot be read."""
    text = read_input(path).decode("utf-8-sig")
    return json_value(text) if is_json(path) else toml_value(text)


def is_json(path: Path) -> bool:
    """Whether a file is JSON by its name."""
    return path.suffix.lower() == ".json"


def json_type(value: Any) -> str:
    """The JSON type, a number by how Python read it: `1.0` is a `number`, `1` an `integer`."""
    return _JSON_TYPES.get(type(value), "null")


def _read(reader: Callable[[], Any]) -> Any:
    try:
        return reader()
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
