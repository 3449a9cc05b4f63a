"""A reference cell → the resource it means, on the given pages or on the shipped ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from partner_insights.tables import Page, Resource, TypeExpression, read_page


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
            return self._by_target(expression.target, origin)
        pages = [self._given.get(origin) or self._page(origin), *self._given.values()]
        for page in pages:
            for resource in page.resources if page is not None else ():
                if resource.name == expression.name:
                    return Definition(page, resource) if page is not None else None
        return None

    def _by_target(self, target: str, origin: str) -> Definition | None:
        path, _, anchor = target.partition("#")
        page = self._page(PurePosixPath(path).name if path else origin)
        for resource in page.resources if page is not None else ():
            if resource.anchor.casefold() == anchor.casefold():
                return Definition(page, resource) if page is not None else None
        return None

    def _page(self, name: str) -> Page | None:
        """A given page, else the page of that name that comes with the package."""
        if name in self._given:
            return self._given[name]
        return _read_shipped(self._shipped / name) if name.endswith(".md") else None


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
