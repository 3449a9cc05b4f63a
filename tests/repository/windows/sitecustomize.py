"""Loaded by every Python of a test that plays Windows: what that system lacks, the package does not find.

Only the package is shown less. What the standard library and other packages do on Windows is their business.
"""

from __future__ import annotations

import builtins
import sys
import tomllib
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "partner_insights"
WITHOUT = tomllib.loads(Path(__file__).with_name("lacking.toml").read_text(encoding="utf-8"))
LACKING: dict[str, frozenset[str]] = {name: frozenset(names) for name, names in WITHOUT["names"].items()}
LACKING["sys"] = frozenset()


class Lesser(ModuleType):
    """A module without what Windows has not."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module.__name__)
        object.__setattr__(self, "_module", module)

    def __getattribute__(self, name: str) -> Any:
        module = object.__getattribute__(self, "_module")
        if (module.__name__, name) == ("sys", "platform"):
            return "win32"
        if name in LACKING[module.__name__]:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r} on Windows")
        return getattr(module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(object.__getattribute__(self, "_module"), name, value)


def lesser_import(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> ModuleType:
    """`__import__` as a module of the package sees it."""
    if not level and name.partition(".")[0] in WITHOUT["modules"]:
        raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
    module = builtins.__import__(name, globals, locals, fromlist, level)
    return Lesser(module) if not level and module.__name__ in LACKING else module


class Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": lesser_import}
        super().exec_module(module)


class Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] != PACKAGE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, Finder())
