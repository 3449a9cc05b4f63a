"""A verb with many options → a help text that shows them under headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_REST = "Options"
"""The heading of what stands under no other."""


def section(heading: str, *options: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give a verb options that its help shows under a heading, in this order; it is a `SectionedCommand`."""

    def with_options(function: Any) -> Any:
        before = len(getattr(function, "__click_params__", ()))
        for option in reversed(options):
            function = option(function)
        for param in function.__click_params__[before:]:
            param.section = heading
        return function

    return with_options


class SectionedCommand(click.Command):
    """A command whose help lists its options by section, in the end those of none, under Options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section in its order."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            line = param.get_help_record(ctx)
            if line is not None and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", _REST), []).append(line)
        sections[_REST] = sections.pop(_REST, [])
        for heading, lines in sections.items():
            with formatter.section(heading):
                formatter.write_dl(lines)
