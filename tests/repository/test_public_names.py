"""What a package says it has, it has: names that are imported late are spelt in two places."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import partner_insights

SOURCE = Path(partner_insights.__file__).parent
STATED = [
    path
    for path in sorted(SOURCE.rglob("*.py"))
    if any(
        isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__"
        for each in ast.parse(path.read_text(encoding="utf-8")).body
    )
]


@pytest.mark.parametrize("path", STATED, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_stated_name_is_there(path: Path) -> None:
    """Each name of `__all__` can be had."""
    steps = path.relative_to(SOURCE.parent).with_suffix("").parts
    module = import_module(".".join(steps[:-1] if steps[-1] == "__init__" else steps))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
