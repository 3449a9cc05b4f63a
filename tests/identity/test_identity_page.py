"""The sessions of docs/identity.md: those that run here do what they show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from partner_insights.server.auth.identity import identity_of

if TYPE_CHECKING:
    from partner_insights.child_server import RunningFake

PAGE = Path(__file__).parents[2] / "docs" / "identity.md"
NODE_MODULES = os.environ.get("PARTNER_INSIGHTS_NODE_MODULES", "")


def blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def test_the_python_sessions(secure: RunningFake, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, as a reader runs them: a token, an answer, and claims that are verified."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    names: dict[str, Any] = {"url": secure.url, "ca_file": secure.ca_file}
    for block in blocks("python"):
        exec(block, names)
    assert names["answer"].status_code == 200
    assert names["claims"]["scp"] == "user_impersonation"


@pytest.mark.external
def test_the_node_session(secure: RunningFake, tmp_path: Path) -> None:
    """It prints the status of the API's answer."""
    program = shutil.which("node")
    if program is None or not NODE_MODULES:
        pytest.skip("PARTNER_INSIGHTS_NODE_MODULES names no folder with the libraries")
    (session,) = blocks("js")
    (tmp_path / "session.js").write_text(session)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    trust = {"NODE_EXTRA_CA_CERTS": str(secure.ca_file)}
    run = subprocess.run(
        [program, tmp_path / "session.js"],
        env={**os.environ, **trust, "PARTNER_INSIGHTS_URL": secure.url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.stdout, run.stderr) == ("200\n", "")


def test_the_identity_file_is_one() -> None:
    """What the page shows can be used."""
    (file,) = blocks("toml")
    identity = identity_of(tomllib.loads(file))
    assert [user.name for user in identity.users] == ["ann@contoso.example", "bob@contoso.example"]


def test_every_language_has_its_session() -> None:
    """Five of them; those that no test runs say so."""
    text = PAGE.read_text(encoding="utf-8")
    for heading in ("Python", "Node", "C#", "PowerShell", "Java"):
        section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        assert "```" in section
        assert section.strip().startswith("Run by a test" if heading in ("Python", "Node") else "Not run")
