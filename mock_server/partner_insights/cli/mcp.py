"""`mcp`: an agent's calls on standard input → tools about the fake and the contract."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

import partner_insights
from partner_insights.cli.stop_signals import ended_at_once
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command("mcp")
def command() -> None:
    """Serve tools to an agent over the Model Context Protocol, on standard input and output.

    They start a fake on a free port, change what it answers, and tell what the client did wrong. The fake
    ends with the session. Needs the extra `mcp`.
    """
    try:
        from partner_insights.agent.tool_server import ToolServer
    except ImportError as error:
        raise InputError("it needs the package mcp", remedy='install "partner-insights[mcp]"') from error
    from partner_insights.agent.tools import Tools

    # The SDK reads standard input in a thread, which ends with its next line.
    with Tools() as tools, ended_at_once(tools.close):
        server = ToolServer("partner-insights", version=partner_insights.__version__, log_level="ERROR")
        for tool in tools.all:
            server.add_tool(_explained(tool), structured_output=False)
        server.run("stdio")


def _explained(tool: Callable[..., Any]) -> Callable[..., Any]:
    """The tool; what cannot be used is an answer to the agent, with its remedy, and no crash."""
    from mcp.server.mcpserver.exceptions import ToolError

    @functools.wraps(tool)
    def call(**arguments: Any) -> Any:
        try:
            return tool(**arguments)
        except InputError as error:
            raise ToolError(str(error)) from error
        except OSError as error:
            raise ToolError(f"{error.filename}: {error.strerror}; name another file") from error

    return call
