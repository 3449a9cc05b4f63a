"""A reference cell → the resource, or the list of values, it means: on the given pages or on
the shipped ones."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

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
        self._by_stem: dict[str, list[tuple[list[str], Page]]] = {}
        for page in pages:
            steps = _steps(self._places[id(page)])
            self._by_stem.setdefault(steps[-1], []).append((steps, page))

    def find(self, expression: TypeExpression, origin: Page) -> Definition | None:
        """The resource a cell on the page `origin` refers to: where its link leads, else by its name."""
        for page, fragment in self._candidates(expression, origin):
            resource = _meant(page.resources, fragment, expression, page.resources)
            resource = resource or _in_section(page.resources, fragment, expression)
            if resource is not None:
                return Definition(page, resource)
        return None

    def find_values(self, expression: TypeExpression, origin: Page) -> EnumSource | None:
        """The list of values a cell on the page `origin` refers to."""
        for page, fragment in self._candidates(expression, origin):
            only = page.enumerations if len(page.enumerations) == 1 else ()
            enumeration = _meant(page.enumerations, fragment, expression, only)
            if enumeration is not None:
                return EnumSource(page.name, enumeration)
        return None

    def has_section(self, expression: TypeExpression, origin: Page) -> bool:
        """Whether a cell's link leads to a heading of a given page, be there a table under it or not."""
        candidates = self._candidates(expression, origin) if expression.target else ()
        return any(fragment and fragment.casefold() in page.anchors for page, fragment in candidates)

    def _candidates(self, expression: TypeExpression, origin: Page) -> Iterator[tuple[Page, str | None]]:
        """The pages to look on, and the fragment to look for (None: look for the name)."""
        if expression.target is not None:
            path, _, fragment = expression.target.partition("#")
            page = self._linked(path, origin) if path else origin
            if not path and "/" in fragment and fragment.casefold() not in origin.anchors:
                place, _, fragment = fragment.partition("/")
                page = self._written_as(place)
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
        steps = _steps(posixpath.normpath(posixpath.join(here, path.partition("?")[0])))
        candidates = self._by_stem.get(steps[-1], []) if steps else []
        # The site's links begin at its root, wherever the pages lie: the longest end in common counts.
        shared = [_shared(steps, known) for known, _ in candidates]
        best = [page for count, (_, page) in zip(shared, candidates, strict=True) if count == max(shared)]
        if best:
            return best[0]
        return _read_shipped(self._shipped / f"{PurePosixPath(path).name.removesuffix('.md')}.md")

    def _written_as(self, place: str) -> Page | None:
        """The page of a link such as `#DOCS_RESOURCES_GUILD/guild-object`: underscores join its folders."""
        found = [
            page
            for known in self._by_stem.values()
            for steps, page in known
            if f"_{'_'.join(steps)}".endswith(f"_{place.casefold()}")
        ]
        return found[0] if len(found) == 1 else None


def _steps(place: str) -> list[str]:
    """The folders and the name of a page, without suffix and capitals: links of a site leave them out."""
    *folders, name = place.casefold().split("/")
    return [*folders, re.sub(r"\.mdx?$", "", name)]


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many steps two places have in common at their ends."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


_Defined = TypeVar("_Defined", bound=Resource | Enumeration)


def _meant(
    defined: Sequence[_Defined],
    fragment: str | None,
    expression: TypeExpression,
    otherwise: Sequence[_Defined],
) -> _Defined | None:
    """What on a page a cell means, by its name or by its link; `otherwise` where that is to the page."""
    if expression.target is None:
        return next((each for each in defined if each.name == expression.name), None)
    if fragment is not None:
        return _at(defined, fragment.casefold())
    name = (expression.name or "").casefold()
    named = [each for each in defined if each.name.casefold() == name]
    return next(iter([*named, *otherwise]), None)


def _in_section(
    resources: Sequence[Resource], fragment: str | None, expression: TypeExpression
) -> Resource | None:
    """The resource of a section around tables: the one that the link speaks of, that of the fragment's name,
    or the only one."""
    if fragment is None:
        return None
    wanted = fragment.casefold()
    within = [each for each in resources if wanted in map(str.casefold, each.within)]
    names = re.sub(r"\W", "", (expression.name or "").casefold()), re.sub("-|object$", "", wanted)
    named = [each for known in names for each in within if each.name.casefold() == known]
    return next(iter(named or within), None) if len(within) == 1 or named else None


def _at(defined: Sequence[_Defined], wanted: str) -> _Defined | None:
    """What stands at an anchor in lower case: that of its heading, else one of its further names."""
    by_heading = next((each for each in defined if each.anchor.casefold() == wanted), None)
    return by_heading or next((each for each in defined if wanted in _aliases(each)), None)


def _aliases(defined: Resource | Enumeration) -> set[str]:
    return {name.casefold() for name in (*defined.aliases, defined.name)}


@cache
def _read_shipped(path: Path) -> Page | None:
    return read_page(path) if path.is_file() else None


def inherited(definition: Definition, references: References) -> Iterator[Definition]:
    """The resources that one inherits from, the nearest first."""
    seen = {id(definition.resource)}
    base = definition.resource.base
    while base is not None:
        expression = TypeExpression("reference", name=base.text, target=base.target)
        found = references.find(expression, definition.page)
        if found is None or id(found.resource) in seen:
            return
        seen.add(id(found.resource))
        yield found
        definition, base = found, found.resource.base


def referred_to(resource: Resource) -> Mapping[str, TypeExpression]:
    """The references in a resource's cells, by property."""
    found: dict[str, TypeExpression] = {}
    for row in resource.properties:
        if row.type is not None and row.type.innermost.kind == "reference":
            found[row.name] = row.type.innermost
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
