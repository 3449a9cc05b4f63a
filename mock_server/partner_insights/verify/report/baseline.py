"""A file of known deviations and what a run found → what is known, what is new, what is expired or unseen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from partner_insights.documents import is_json, read_document
from partner_insights.errors import InputError
from partner_insights.files import write_report
from partner_insights.toml import toml_value
from partner_insights.verify.judge.violation import Violation, ViolationKey, pointer_pattern

if TYPE_CHECKING:
    from pathlib import Path

TO_BE_SAID = "to be said: why this deviation is accepted"
"""The reason of an entry that `--update-baseline` made; a person writes the real one."""

OPENING = """\
# Known deviations: each is told apart and fails nothing until it expires. Everything else fails as ever.
# `*` in a pointer stands for any index. Rewritten by `partner-insights verify --update-baseline` alone.
"""

_PLACEHOLDER = re.compile(
    r"\W*(|todo|tbd|tba|fixme|xxx+|none|no reason|reason|because|why|unknown|known|n/?a|placeholder)\W*"
)

FIELDS = ("code", "operation", "pointer", "reason", "ticket", "expires")


@dataclass(frozen=True)
class Deviation:
    """One known deviation: where it is, why it is accepted, and until when."""

    code: str
    operation: str | None
    pointer: str
    """With array indexes blanked, as in `/items/*/channel`."""
    reason: str
    ticket: str | None = None
    expires: date | None = None
    """The last day on which it is accepted; None: until the entry is taken out."""

    @property
    def key(self) -> ViolationKey:
        """What it has in common with the violations it stands for."""
        return self.code, self.operation or "", self.pointer

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today

    def to_json(self) -> dict[str, Any]:
        """The entry as the JSON report and a JSON baseline write it; what is not said is left out."""
        given = {name: getattr(self, name) for name in FIELDS}
        given["expires"] = self.expires.isoformat() if self.expires is not None else None
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Baseline:
    """The known deviations of one file."""

    path: Path
    deviations: tuple[Deviation, ...] = ()

    def compare(self, violations: Iterable[Violation], today: date | None = None) -> Comparison:
        """Split the violations into known and new ones; an expired entry makes nothing known."""
        day = today or datetime.now(UTC).date()
        accepted = {each.key: each for each in self.deviations if not each.expired(day)}
        found = list(violations)
        seen = {violation.key for violation in found}
        return Comparison(
            new=tuple(each for each in found if each.key not in accepted),
            known=tuple((each, accepted[each.key]) for each in found if each.key in accepted),
            expired=tuple(each for each in self.deviations if each.expired(day)),
            unseen=tuple(each for each in self.deviations if each.key not in seen),
        )

    def updated(self, violations: Iterable[Violation], *, keep_unseen: bool) -> Baseline:
        """A baseline of what was found; entries that were there keep their reason, ticket and expiry.

        `keep_unseen` where the run was not whole: what it did not get to may still be there.
        """
        before = {each.key: each for each in self.deviations}
        found = {violation.key: violation for violation in violations}
        present = [each for each in self.deviations if keep_unseen or each.key in found]
        fresh = [_deviation(each) for place, each in found.items() if place not in before]
        return Baseline(self.path, tuple(sorted([*present, *fresh], key=lambda each: each.key)))

    def write(self) -> None:
        """Put the file in its place whole, as TOML, or as JSON where its name says so."""
        if is_json(self.path):
            document = {"known": [each.to_json() for each in self.deviations]}
            write_report(self.path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        else:
            write_report(self.path, "\n".join([OPENING, *map(_toml, self.deviations)]))


@dataclass(frozen=True)
class Comparison:
    """A run's violations held against a baseline."""

    new: tuple[Violation, ...]
    known: tuple[tuple[Violation, Deviation], ...]
    expired: tuple[Deviation, ...]
    """Entries whose last day is over, seen or not: each of them fails the run."""
    unseen: tuple[Deviation, ...]
    """Entries for which nothing was found: repaired, or not requested this time."""

    def to_json(self) -> dict[str, Any]:
        """What the JSON report says of it under `baseline`; the new violations are its `violations`."""
        return {
            "known": [violation.to_json() | {"known": each.to_json()} for violation, each in self.known],
            "expired": [each.to_json() for each in self.expired],
            "unseen": [each.to_json() for each in self.unseen],
        }


def read_baseline(path: Path, *, may_be_absent: bool = False) -> Baseline:
    """The baseline of a TOML or JSON file; InputError, naming the entry, for anything that is none.

    One that is to be updated `may_be_absent`, and have entries that still wait for their reason.
    """
    try:
        document = read_document(path)
    except FileNotFoundError as error:
        if may_be_absent:
            return Baseline(path)
        raise InputError(
            "there is no such file", where=str(path), remedy="add --update-baseline to have it written"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"the baseline cannot be read ({error})", where=str(path)) from error
    entries = document.get("known", []) if isinstance(document, dict) else None
    if not isinstance(entries, list) or set(document) - {"known"}:
        raise InputError("a baseline holds a list named `known` and nothing else", where=str(path))
    deviations = tuple(_entry(entry, f"{path}, entry {number}") for number, entry in enumerate(entries, 1))
    places = [each.key for each in deviations]
    for number, place in enumerate(places, 1):
        if place in places[: number - 1]:
            raise InputError("the same deviation is listed twice", where=f"{path}, entry {number}")
        if not may_be_absent and is_placeholder(deviations[number - 1].reason):
            raise InputError(
                "the reason still has to be said",
                where=f"{path}, entry {number}",
                remedy="write in `reason` why this deviation is accepted",
            )
    return Baseline(path, deviations)


def is_placeholder(reason: str) -> bool:
    """Whether a reason says nothing: it stands where one should."""
    words = reason.strip().casefold()
    return reason.strip() == TO_BE_SAID or _PLACEHOLDER.fullmatch(words) is not None


def _entry(entry: Any, where: str) -> Deviation:
    """Fail closed: a misspelt field must not turn into an entry that hides more than it says."""
    if not isinstance(entry, Mapping):
        raise InputError("an entry is a table", where=where)
    unknown = sorted(set(entry) - set(FIELDS))
    if unknown:
        raise InputError(
            f"nothing is called {', '.join(unknown)}", where=where, remedy=f"there are {', '.join(FIELDS)}"
        )
    for name in ("code", "pointer", "reason"):
        if not isinstance(entry.get(name), str) or (name != "pointer" and not entry[name].strip()):
            raise InputError(f"`{name}` is missing or is no text", where=where)
    for name in ("operation", "ticket"):
        if not isinstance(entry.get(name), str | None):
            raise InputError(f"`{name}` is no text", where=where)
    return Deviation(
        code=entry["code"],
        operation=entry.get("operation"),
        pointer=pointer_pattern(entry["pointer"]),
        reason=entry["reason"],
        ticket=entry.get("ticket"),
        expires=_day(entry.get("expires"), where),
    )


def _day(value: Any, where: str) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise InputError("`expires` is no day", where=where, remedy="write it like 2027-01-31") from error


def _deviation(violation: Violation) -> Deviation:
    return Deviation(violation.code, violation.operation, pointer_pattern(violation.pointer), TO_BE_SAID)


def _toml(deviation: Deviation) -> str:
    given = ((name, getattr(deviation, name)) for name in FIELDS)
    lines = [f"{name} = {toml_value(value)}" for name, value in given if value is not None]
    return "\n".join(["[[known]]", *lines, ""])
