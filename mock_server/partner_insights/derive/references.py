"""A reference cell → the resource, or the list of values, it means: on the given pages or on
the shipped ones."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from partner_insights.derive.keywords import EnumSource
from partner_insights.tables import Enumeration, Page, Resource, TypeExpression, read_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Definition:
    """A resource and the page that defines it."""

    page: Page
    resource: Resource


class References:
    """Where every resource and every list of values is defined, by link target and by name.

    `paths` are where the pages lie, so that a link with folders in it finds its page among several of a name.
    """

    def __init__(self, pages: Sequence[Page], shipped: Path, paths: Sequence[Path] | None = None) -> None:
        self._shipped = shipped
        self._pages = list(pages)
        places = [Path(page.name) for page in pages] if paths is None else paths
        self._places = {id(page): path.as_posix() for page, path in zip(pages, places, strict=True)}
        self._by_place = {self._places[id(page)]: page for page in pages}
        self._by_name: dict[str, Page] = {}
        for page in pages:
            self._by_name.setdefault(page.name, page)

    def find(self, expression: TypeExpression, origin: Page) -> Definition | None:
        """The resource a cell on the page `origin` refers to: by its link, else by its name."""
        for page, fragment in self._candidates(expression, origin):
            for resource in page.resources:
                if _is_meant(resource, fragment, expression.name):
                    return Definition(page, resource)
        return None

    def find_values(self, expression: TypeExpression, origin: Page) -> EnumSource | None:
        """The list of values a cell on the page `origin` refers to."""
        for page, fragment in self._candidates(expression, origin):
            for enumeration in page.enumerations:
                if _is_meant(enumeration, fragment, expression.name):
                    return EnumSource(page.name, enumeration)
        return None

    def _candidates(self, expression: TypeExpression, origin: Page) -> Iterator[tuple[Page, str | None]]:
        """The pages to look on, and the fragment to look for (None: look for the name)."""
        if expression.target is not None:
            path, _, fragment = expression.target.partition("#")
            page = self._linked(path, origin) if path else origin
            if page is not None:
                yield page, (fragment or None)
            return
        yield origin, None
        yield from ((page, None) for page in self._pages if page is not origin)
        shipped = (_read_shipped(path) for path in sorted(self._shipped.glob("*.md")))
        yield from ((page, None) for page in shipped if page is not None)

    def _linked(self, path: str, origin: Page) -> Page | None:
        """The page a link leads to: a given one, else the one of that name that comes with the package."""
        here = posixpath.dirname(self._places.get(id(origin), origin.name))
        place = posixpath.normpath(posixpath.join(here, path.partition("?")[0]))
        name = PurePosixPath(place).name
        if not name.endswith(".md"):  # links of the published site leave it out
            place, name = f"{place}.md", f"{name}.md"
        return self._by_place.get(place) or self._by_name.get(name) or _read_shipped(self._shipped / name)


def _is_meant(candidate: Resource | Enumeration, fragment: str | None, name: str | None) -> bool:
    if fragment is None:
        return candidate.name == name
    # A link to #hole means "## Hole resource", too, although its anchor is another.
    return fragment.casefold() in {
        anchor.casefold() for anchor in (candidate.anchor, *candidate.aliases, candidate.name)
    }


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


def without_list(resource: Resource, found: References, origin: Page) -> Iterable[tuple[int, str, str]]:
    """The links to lists of values that lead nowhere: line, text and target of each."""
    for row in resource.properties:
        if row.facts.values:
            continue
        for link in row.facts.enumerations:
            if (
                found.find_values(TypeExpression("reference", name=link.text, target=link.target), origin)
                is None
            ):
                yield row.line, link.text, link.target
