"""Derived files → the folder they are published in: compared, or written all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.contract.schema_files import SCHEMA_SUFFIX
from partner_insights.errors import InputError
from partner_insights.files import as_written, write_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def differences(folder: Path, files: Mapping[str, bytes], *, complete: bool) -> list[str]:
    """The names that are missing, stale or (where `files` is all there should be) left over in `folder`."""
    stale = [name for name, content in files.items() if _content(folder / name) != content]
    return sorted(stale + _left_over(folder, files)) if complete else sorted(stale)


def publish(folder: Path, files: Mapping[str, bytes], *, complete: bool) -> list[str]:
    """Write what differs, all or nothing; returns the names written or removed."""
    changed = differences(folder, files, complete=complete)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_files({folder / name: files[name] for name in changed if name in files})
        for name in set(changed) - files.keys():
            (folder / name).unlink()
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", where=str(folder)) from error
    return changed


def _content(path: Path) -> bytes | None:
    try:
        return as_written(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def _left_over(folder: Path, files: Iterable[str]) -> list[str]:
    expected = set(files)
    return [path.name for path in folder.glob(f"*{SCHEMA_SUFFIX}") if path.name not in expected]
