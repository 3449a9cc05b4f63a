"""The tools → a server of the Model Context Protocol that tells an agent which argument was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context
    from mcp_types import CallToolResult, InputRequiredResult


class ToolServer(MCPServer[Any]):
    """Refuses arguments that no tool has, which the SDK passes over, and says in a line what is wrong."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """As the SDK does; ToolError, with the remedy, where the arguments are not the tool's."""
        known = {each.name: each.input_schema["properties"] for each in await self.list_tools()}
        unknown = [each for each in arguments if each not in known.get(name, arguments)]
        if unknown:
            takes = ", ".join(known[name]) or "no arguments"
            raise ToolError(f"{name} has no argument {', '.join(unknown)} — it takes {takes}")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.__cause__.errors())
            raise ToolError(f"{name}: {'; '.join(wrong)}") from error
