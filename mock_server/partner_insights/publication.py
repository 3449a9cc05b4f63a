"""Files that are made → the folder they are kept in: compared, or written all together."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.files import as_written, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def differences(folder: Path, files: Mapping[str, bytes], *, all_of: str | None = None) -> list[str]:
    """The names that are missing, stale or left over in `folder`, sorted.

    `all_of`: a pattern of names; those that match it and are not among `files` are left over.
    """
    present = (
        set() if all_of is None else {path.relative_to(folder).as_posix() for path in folder.glob(all_of)}
    )
    return sorted(name for name in present | files.keys() if _content(folder / name) != files.get(name))


def publish(folder: Path, files: Mapping[str, bytes], *, all_of: str | None = None) -> list[str]:
    """Write what differs, all or nothing, and remove what is left over; the names of both."""
    changed = differences(folder, files, all_of=all_of)
    written = {folder / name: files[name] for name in changed if name in files}
    try:
        with ExitStack() as made:
            for parent in sorted({folder, *(path.parent for path in written)}):
                if not parent.exists():
                    made.callback(_remove_empty, parent)
                parent.mkdir(parents=True, exist_ok=True)
            write_files(written)
        for name in set(changed) - files.keys():
            (folder / name).unlink()
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", where=str(folder)) from error
    return changed


def _remove_empty(folder: Path) -> None:
    """Take away a folder into which nothing could be written."""
    with suppress(OSError):
        folder.rmdir()


def _content(path: Path) -> bytes | None:
    try:
        return as_written(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
