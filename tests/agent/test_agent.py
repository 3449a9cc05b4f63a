"""An agent over the SDK's own client: what it pays, what it may ask, what a wrong call teaches it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import closing
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from partner_insights.cli.verbs import main
from partner_insights.fixtures import customer_usage, response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mcp import Client

MAX_CHARACTERS = 9_000
"""Of all tools together, as JSON: well under 3,000 tokens at three characters each."""


def session(talk: Callable[[Client], Awaitable[None]]) -> None:
    """A conversation with `partner-insights mcp`, as an agent's host has it."""
    pytest.importorskip("mcp")  # here, as each worker of xdist loads every module
    import anyio
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(command=sys.executable, args=["-P", "-m", "partner_insights", "mcp"])

    async def run() -> None:
        with anyio.fail_after(60):
            async with Client(server) as client:
                await talk(client)

    anyio.run(run)


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """What a call answers, read as JSON where it is."""
    answer = await client.call_tool(tool, arguments)
    text = "\n".join(part.text for part in answer.content)
    assert not answer.is_error, text
    return json.loads(text) if text[:1] in ("{", "[") else text


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The words of a call that fails."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return "\n".join(part.text for part in answer.content)


def hasty(url: str, token: str, customer: str) -> None:
    """A client that takes no 429 for an answer."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        for _ in range(14):
            path = f"/v1/customers/{customer}/analytics/licenses/usage"
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            connection.getresponse().read()


async def tools_are_few_and_short(client: Client) -> None:
    """All of them cost less than 3,000 tokens, and each says what it does."""
    tools = (await client.list_tools()).tools
    names = [each.name for each in tools]
    assert names == ["start", "scenario", "data", "fault", "journal", "verdict", "explain", "check"]
    assert all(each.description for each in tools)
    whole = json.dumps([each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in tools])
    assert len(whole) < MAX_CHARACTERS, len(whole)


async def throttled_day(client: Client) -> None:
    """ "Serve a throttled day and say what my client did wrong" takes two calls, of six it may."""
    fake = await call(client, "start", scenario=["throttled"])
    await asyncio.to_thread(hasty, fake["url"], fake["token"], fake["customers"][0]["id"])
    verdict = await call(client, "verdict")
    assert verdict["verdict"] == "misbehaved"
    codes = {finding["code"] for finding in verdict["findings"]}
    assert {"retry-after-ignored", "hammered"} <= codes


def test_a_day_with_an_agent(tmp_path: Path) -> None:
    """A throttled day, then whatever the tools give, and what each wrong call teaches.

    In one conversation, as the SDK takes seconds to load.
    """
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(customer_usage(licensesActive=-1, valid=False)), encoding="utf-8")

    async def talk(client: Client) -> None:
        await tools_are_few_and_short(client)
        assert "call start first" in await refused(client, "journal")
        await throttled_day(client)
        assert "silent-empty" in await refused(client, "start", scenario=["thunder"])
        assert "give YYYY-MM-DD" in await refused(client, "start", as_of="tomorrow")
        fake = await call(client, "start", customers=3)
        assert "it takes scenario, seed, customers, as_of" in await refused(
            client, "start", asOf="2026-11-22"
        )
        assert "start: customers: Input should be a valid integer" in await refused(
            client, "start", customers="many"
        )
        assert "there is no scenario 'thunder'" in await refused(client, "start", scenario=["thunder"])
        customer = fake["customers"][0]
        assert "customer-licenses-usage" in fake["operations"]

        rows = await call(client, "data", customer=customer["id"])
        assert rows["usageTotal"] >= len(rows["usage"]) > 0
        assert (await call(client, "data"))["deploymentTotal"] > 0
        assert (await call(client, "data", customer="no such name"))["customers"] == []

        assert "throttled" in (await call(client, "scenario"))["known"]
        assert (await call(client, "scenario", names=["silent-empty"]))["active"] == ["silent-empty"]
        assert "truncate" in (await call(client, "fault"))["names"]
        plan = await call(client, "fault", status=503, times=2)
        assert [each["code"] for each in plan["faults"]] == [503, 503]
        assert "give 1 to 100" in await refused(client, "fault", status=503, times=10**9)
        assert "no fault" in await refused(client, "fault", name="thunder")

        await asyncio.to_thread(hasty, fake["url"], fake["token"], customer["id"])
        entries = (await call(client, "journal", last=1, status="503"))["entries"]
        assert (entries[0]["status"], entries[0]["operation"]) == (503, "customer-licenses-usage")

        assert "E-001" in await call(client, "explain", subject="CustomerLicensesUsageInsights.workloadName")
        assert "did you mean" in await refused(client, "explain", subject="CustomerLicensesUsageInsight")
        good = json.dumps(response("customer-licenses-usage"))
        assert (await call(client, "check", body=good))["violations"] == 0
        broken = await call(client, "check", body=good.replace('"totalCount": ', '"totalCount": 1'))
        assert [each["pointer"] for each in broken["first"]] == ["/totalCount"]
        for answer in (json.dumps(broken), await refused(client, "check", body="{")):
            assert gettempdir() not in answer
        judged = await call(client, "check", file=str(wrong))
        assert (judged["violations"], judged["first"][0]["pointer"]) == (1, "/licensesActive")
        assert "give a body or a file" in await refused(client, "check")
        assert "none.json" in await refused(client, "check", file=str(tmp_path / "none.json"))

    session(talk)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is exit 2, with what to install."""
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    result = CliRunner().invoke(main, ["mcp"])
    assert result.exit_code == 2
    assert 'install "partner-insights[mcp]"' in result.output


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_and_its_fake(tmp_path: Path, name: str) -> None:
    """At once, although its host keeps standard input open; no process and no temporary file is left."""
    pytest.importorskip("mcp")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "partner_insights", "mcp"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None

    def send(method: str, **message: Any) -> None:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method} | message).encode() + b"\n")
        process.stdin.flush()

    client = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    }
    send("initialize", id=1, params=client)
    process.stdout.readline()
    send("notifications/initialized")
    send("tools/call", id=2, params={"name": "start", "arguments": {}})
    (told,) = json.loads(process.stdout.readline())["result"]["content"]
    process.send_signal(signal.Signals[name])
    try:
        process.wait(10)
    finally:
        process.kill()
        _, err = process.communicate()
    assert (process.returncode, err) == (128 + signal.Signals[name], b"")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(json.loads(told["text"])["url"] + "/_admin/health", timeout=5)
