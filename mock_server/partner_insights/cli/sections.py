"""A verb with many options → a help text that shows them under headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SectionedCommand(click.Command):
    """A command whose help lists its options by section; one that no section names comes under Options."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[str]], **settings: Any) -> None:
        """`sections`: heading → options, as `--port`."""
        super().__init__(*args, **settings)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section in its order."""
        lines = {
            opt: line
            for param in self.get_params(ctx)
            if (line := param.get_help_record(ctx)) is not None
            for opt in param.opts[:1]
        }
        for heading, names in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([lines.pop(name) for name in names])
        with formatter.section("Options"):
            formatter.write_dl(list(lines.values()))
