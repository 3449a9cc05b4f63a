"""The command line's own `--help` → docs/cli.md; `--check` compares instead, and exits 1 where it differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from partner_insights.cli.verbs import NAME, main

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).with_name("cli.md")
WIDTH = 96
OPENING = f"""\
# The command line

What `{NAME} VERB --help` says, verb by verb. Written by `python docs/cli_reference.py`; not edited by hand.

A shell completes verbs, options, scenarios, resources, operations and codes after a line in its profile:

| shell | line |
|---|---|
| bash | `eval "$(_PARTNER_INSIGHTS_COMPLETE=bash_source {NAME})"` |
| zsh | `eval "$(_PARTNER_INSIGHTS_COMPLETE=zsh_source {NAME})"` |
| fish | `_PARTNER_INSIGHTS_COMPLETE=fish_source {NAME} \\| source` |
| PowerShell | the lines below |

```powershell
Register-ArgumentCompleter -Native -CommandName {NAME} -ScriptBlock {{
    param($word, $line)
    $env:_PARTNER_INSIGHTS_COMPLETE = 'bash_complete'
    $env:COMP_WORDS = $line.ToString()
    $env:COMP_CWORD = $line.CommandElements.Count - [int]($word -ne '')
    try {{ {NAME} | ForEach-Object {{ $_.Split(',', 2)[1] }} }}
    finally {{ Remove-Item Env:_PARTNER_INSIGHTS_COMPLETE, Env:COMP_WORDS, Env:COMP_CWORD }}
}}
```
"""


def reference() -> str:
    """The whole page: one section for the program, each verb, and each verb's own verbs."""
    sections = [f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(main, NAME, None)]
    return "\n".join([OPENING, *sections])


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": WIDTH}
    ctx = click.Context(command, info_name=name, parent=parent, **settings)
    yield ctx.command_path, command.get_help(ctx)
    if isinstance(command, click.Group):
        for verb in command.list_commands(ctx):
            if (inner := command.get_command(ctx, verb)) is not None:
                yield from _helps(inner, verb, ctx)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(f"usage: {sys.argv[0]} [--check]")
    if not sys.argv[1:]:
        REFERENCE.write_text(reference(), encoding="utf-8", newline="\n")
    elif not REFERENCE.exists() or REFERENCE.read_text(encoding="utf-8") != reference():
        sys.exit(f"{REFERENCE.name} is not what --help says: run python docs/{Path(__file__).name}")
