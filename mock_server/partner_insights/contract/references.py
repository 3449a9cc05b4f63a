"""A reference cell → the resource it means, on the given pages or on the shipped ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from partner_insights.tables import Page, Resource, TypeExpression, read_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True)
class Definition:
    """A resource and the page that defines it."""

    page: Page
    resource: Resource


class References:
    """Where every resource is defined, by link target and by name."""

    def __init__(self, pages: Iterable[Page], shipped: Path) -> None:
        self._given = {page.name: page for page in pages}
        self._shipped = shipped

    def find(self, expression: TypeExpression, origin: str) -> Definition | None:
        """The definition a cell on the page `origin` refers to: by its link, else by its name."""
        if expression.target is not None:
            path, _, anchor = expression.target.partition("#")
            page = self._page(PurePosixPath(path).name if path else origin)
            return _first(page, lambda resource: resource.anchor.casefold() == anchor.casefold())
        shipped = (_read_shipped(path) for path in sorted(self._shipped.glob("*.md")))
        for page in (self._page(origin), *self._given.values(), *shipped):
            found = _first(page, lambda resource: resource.name == expression.name)
            if found is not None:
                return found
        return None

    def _page(self, name: str) -> Page | None:
        """A given page, else the page of that name that comes with the package."""
        if name in self._given:
            return self._given[name]
        return _read_shipped(self._shipped / name) if name.endswith(".md") else None


def _first(page: Page | None, wanted: Callable[[Resource], bool]) -> Definition | None:
    if page is None:
        return None
    return next((Definition(page, resource) for resource in page.resources if wanted(resource)), None)


@cache
def _read_shipped(path: Path) -> Page | None:
    return read_page(path) if path.is_file() else None


def referred_to(resource: Resource) -> Mapping[str, TypeExpression]:
    """The references in a resource's cells, by property."""
    found: dict[str, TypeExpression] = {}
    for row in resource.properties:
        expression = row.type
        while expression is not None and expression.items is not None:
            expression = expression.items
        if expression is not None and expression.kind == "reference":
            found[row.name] = expression
    return found
