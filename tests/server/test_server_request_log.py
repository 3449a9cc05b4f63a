"""The request log: a line for each request, once it is answered, and nothing that steers a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.server.http.routes import PathTable
from partner_insights.server.journal import request_log
from partner_insights.server.journal.journal import Journal
from partner_insights.server.journal.request_log import RequestLog
from partner_insights.server.settings import LogFormat

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.contract import Catalogue

CUSTOMERS = "/v1/customers"


class Written:
    """A log over a journal of its own."""

    def __init__(
        self, catalogue: Catalogue, log_format: LogFormat = LogFormat.TEXT, bound: int = 2000
    ) -> None:
        self.paths = PathTable(catalogue.operations.values())
        self.journal = Journal(self.paths, bound)
        self.text = ""
        self.log = RequestLog(self.journal, log_format, self._write)

    def _write(self, text: str) -> None:
        self.text += text

    def request(self, path: str, query: str = "", status: int | None = 200) -> Any:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query}
        entry = self.journal.open(environ, self.paths.find(path), "id")
        if status is not None:
            entry.answer(status, [], b"")
        return entry

    def lines(self) -> list[str]:
        self.text = ""
        self.log.flush()
        return self.text.splitlines()


def test_a_line_for_each_request_once(catalogue: Catalogue) -> None:
    """Method, path, status and time, with the near miss; what was told is not told again."""
    written = Written(catalogue)
    written.request(CUSTOMERS, "size=5&foo=1")
    written.request("/v1/customer", status=404)
    first, second = written.lines()
    assert re.fullmatch(
        r"[0-9:]{8}\.\d{3}Z GET /v1/customers\?size=5&foo=1 200 [0-9.]+ ms; "
        r"the query parameter 'foo' is unknown and was ignored",
        first,
    )
    assert "404" in second
    assert "the nearest is customers (/v1/customers)" in second
    assert written.lines() == []
    written.journal.clear()
    written.request(CUSTOMERS)
    assert len(written.lines()) == 1


def test_a_request_is_told_when_it_is_answered(catalogue: Catalogue) -> None:
    """One that is held back comes later, with its status; one without a reply says so."""
    written = Written(catalogue)
    slow, cut = written.request(CUSTOMERS, status=None), written.request(CUSTOMERS, status=None)
    written.request("/v1/customers/x")
    assert len(written.lines()) == 1
    slow.answer(503, [], b"")
    cut.no_reply()
    cut.fault = "close"
    first, second = written.lines()
    assert " 503 " in first
    assert " no reply " in second
    assert second.endswith("; fault close")


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\x9b1m"])
def test_no_caller_steers_the_terminal(catalogue: Catalogue, text: str) -> None:
    """Controls in a path are escaped; a line stays one line."""
    written = Written(catalogue)
    written.request(f"/v1/{text}", status=404)
    (line,) = written.lines()
    assert line.isprintable()


def test_no_secret_is_told(catalogue: Catalogue) -> None:
    """A query parameter that may hold a secret is hidden, as in the journal."""
    written = Written(catalogue)
    written.request(CUSTOMERS, "access_token=SECRET")
    assert "SECRET" not in written.lines()[0]


def test_too_many_are_counted(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound, and beyond what the journal keeps, requests are counted, none twice."""
    monkeypatch.setattr(request_log, "MAX_LINES", 3)
    written = Written(catalogue, LogFormat.JSON, bound=5)
    for _ in range(9):
        written.request(CUSTOMERS)
    lines = [json.loads(line) for line in written.lines()]
    assert [each.get("path") for each in lines] == [CUSTOMERS] * 3 + [None]
    assert lines[-1] == {"requestsLeftOut": 6}
    assert written.lines() == []


def _ask(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url, timeout=5).close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM as on POSIX")
@pytest.mark.parametrize("options", [["--log-format", "json"], ["-q"]])
def test_a_fake_tells_on_standard_output(tmp_path: Path, options: list[str]) -> None:
    """As JSON, standard output has the requests and nothing else, the last one too; with -q it has none."""
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-P", "-m", "partner_insights", "serve", "--port", "0"]
    command += ["--ready-file", str(ready), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        _ask(json.loads(ready.read_text())["url"] + "/v1/customer")
        process.terminate()
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    if "-q" in options:
        assert "/v1/customer " not in out
        assert err == ""
        return
    (line,) = map(json.loads, out.splitlines())
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/customer", 404)
    assert line["notes"]
    assert "The console" in err
