"""Whatever file somebody names, it is read within a size and a time, or refused in words."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from partner_insights import file_reader
from partner_insights.cli import main
from partner_insights.errors import InputError
from partner_insights.file_reader import opened

OPERATIONS = '[[operation]]\npath = "/v1/things"\nresource = "Thing"\n'
PAGE = "# Thing\n\n| Property | Type | Description |\n|---|---|---|\n| id | string | An id. |\n"
VERBS = {
    "derive a page": ("derive", "FILE"),
    "derive in a dialect": ("derive", "page.md", "--dialect", "FILE"),
    "derive the operations": ("derive", "--operations", "FILE"),
    "diff": ("diff", "page.md", "FILE"),
    "diff of schemas": ("diff", "FILE.json", "FILE.json"),
    "check a page": ("check", "--page", "FILE"),
    "check by errata": ("check", "page.md", "--errata", "FILE"),
    "serve a page": ("serve", "--page", "FILE", "--operations", "operations.toml"),
    "serve operations": ("serve", "--page", "page.md", "--operations", "FILE"),
    "serve in a dialect": (
        *("serve", "--page", "page.md", "--operations", "operations.toml", "--dialect", "FILE"),
    ),
    "serve who may sign in": ("serve", "--identity", "FILE"),
    "serve by a certificate": ("serve", "--tls-cert", "FILE", "--tls-key", "FILE"),
    "verify by a baseline": ("verify", "--url", "http://127.0.0.1:1", "--baseline", "FILE"),
}


@given(
    # Of a NUL first nobody could tell which of two marks it belongs to.
    st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"])),
    st.sampled_from(["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-be"]),
    st.integers(1, 9),
)
def test_a_wide_file_is_read_as_utf_8(text: str, encoding: str, size: int) -> None:
    """Whatever pieces are asked for; one that ends amid a character is refused."""
    mark = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "wide"
        path.write_bytes((mark + text).encode(encoding))
        with opened(path) as file:
            assert b"".join(iter(lambda: file.read(size), b"")) == text.encode()
        path.write_bytes((mark + text).encode(encoding) + b"\0")
        with opened(path) as file, pytest.raises(InputError, match="is not valid UTF-"):
            file.read()


READ_AGAIN = {("diff", "page.md"), ("check", "--page")}
"""What reads a page more than once takes no pipe at all."""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="such files have names on POSIX")
@pytest.mark.parametrize("words", VERBS.values(), ids=VERBS)
def test_a_file_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """A device that goes on for ever, a pipe that nobody writes to: exit 2, and which file it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(file_reader, "MAX_INPUT", 2**20)
    monkeypatch.setattr(file_reader, "SILENCE_SECONDS", 0.1)
    (tmp_path / "operations.toml").write_text(OPERATIONS)
    (tmp_path / "page.md").write_text(PAGE)
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.json")
    for name, complaint in (("zero", "it is larger than 1 MiB"), ("pipe", "nothing was written to it")):
        result = CliRunner().invoke(main, [word.replace("FILE", name) for word in words])
        read_once = complaint if words[0:2] not in READ_AGAIN else "is a pipe or a device"
        assert (result.exit_code, read_once in result.output) == (2, True), result.output
        assert name in result.output
