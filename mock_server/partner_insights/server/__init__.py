"""A world → the fake of the API over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partner_insights.server.app import create_app
    from partner_insights.server.process.serve import serve
    from partner_insights.server.process.worker import WorldOptions
    from partner_insights.server.settings import AuthMode, Settings

__all__ = ["AuthMode", "Settings", "WorldOptions", "create_app", "serve"]

_HOMES = {
    "AuthMode": "settings",
    "Settings": "settings",
    "WorldOptions": "process.worker",
    "create_app": "app",
    "serve": "process.serve",
}


def __getattr__(name: str) -> Any:
    # The process that only supervises the workers must not pay for importing Flask and NumPy.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
