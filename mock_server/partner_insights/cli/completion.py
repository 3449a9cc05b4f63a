"""What has been typed of a value → the values a shell offers; they are read when a shell asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from partner_insights.contract import Catalogue


def offer(
    values: Callable[[Catalogue], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """For `shell_complete=`: values of the shipped catalogue, in any case."""

    def matching(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
        from partner_insights.contract import Catalogue

        return [each for each in values(Catalogue.load()) if each.casefold().startswith(begun.casefold())]

    return matching


def subjects(catalogue: Catalogue) -> list[str]:
    """What `explain` explains: codes, errata, rules, resources and their properties."""
    properties = [
        f"{name}.{each}" for name in catalogue.resources for each in catalogue.schema(name)["properties"]
    ]
    return [*catalogue.codes, *catalogue.errata, *catalogue.rules, *catalogue.resources, *properties]
