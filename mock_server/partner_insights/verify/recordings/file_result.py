"""What a file of recordings came to: answers, violations and refusals, no more of each than a reader can use.

The effort that a file is worth grows with its length: what is left beyond it is counted, and not looked at.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partner_insights.contract import Severity
    from partner_insights.errors import InputError
    from partner_insights.verify.judge.violation import Observation, Violation, ViolationKey
    from partner_insights.verify.recordings.entry import RecordedResponse

MAX_ALIKE = 100
"""Violations of one kind that are listed for a file; all are counted."""
MAX_LISTED = 2_000
"""Violations of one severity, and kinds of anything, that are listed for a file, however long it is."""
MAX_REMEMBERED = 5 * MAX_LISTED
"""Kinds that are remembered under the file's own names; several of them may be one in the report."""
MAX_REFUSALS = 20
"""Entries that could not be judged, for which the reason is given."""
SLOW_ENTRIES = 1_000
"""Entries of a file with violations that the judge looks at …"""
BYTES_AN_ENTRY = 3_000
"""… and one more for so many bytes: a broken entry takes a millisecond, however short it is."""
VIOLATIONS_AN_ENTRY = 15
"""So many violations take as long as an entry, where it has more of them."""
UNPACKED_BYTES = 1_000
"""So many bytes of a body that are not in the recording take a millisecond, too, where it is broken."""
REFUSAL_COST = 0.1
"""What an entry that cannot be judged counts as, beside one that is."""
CLEAN_COST = 0.05
"""What one counts as that the judge finds clean: of 150 bytes or more, all of a file are looked at."""


@dataclass
class FileResult:
    """What a file of recordings came to."""

    name: str
    judged: int = 0
    """Answers in it that were judged."""
    subjects: Counter[str] = field(default_factory=Counter)
    """What they were judged as: an operation's id, or in words what any operation may answer."""
    operations: set[str] = field(default_factory=set)
    listed: list[Violation] = field(default_factory=list)
    counts: Counter[ViolationKey] = field(default_factory=Counter)
    severities: Counter[Severity] = field(default_factory=Counter)
    """How many violations there were, those that are not listed among them."""
    occurrences: dict[ViolationKey, Observation] = field(default_factory=dict)
    observed: set[ViolationKey] = field(default_factory=set, repr=False)
    """Kinds of what was observed, under the names that the file has for customers."""
    hidden: dict[ViolationKey, ViolationKey] = field(default_factory=dict, repr=False)
    """Kinds, under the names that the file has for customers, and as they are reported."""
    effort: float = field(default=0.0, repr=False)
    """How many broken entries would have taken as long."""
    read: int = field(default=0, repr=False)
    """Bytes of the entries there were so far."""
    passed_over: int = 0
    """Entries that were not looked at any more: those before them took too long."""
    unanswered: int = 0
    """Requests in it that nobody answered."""
    refused: int = 0
    refusals: list[InputError] = field(default_factory=list)

    @property
    def operation(self) -> str | None:
        """The operation, where there is only one."""
        return next(iter(self.operations)) if len(self.operations) == 1 else None

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Those that are listed."""
        return tuple(self.listed)

    @property
    def observations(self) -> list[Observation]:
        """Each kind once."""
        return list(self.occurrences.values())

    @property
    def subject(self) -> str:
        """What the file was judged as, in words."""
        if self.judged == 1:
            return next(iter(self.subjects))
        ordered = sorted(self.subjects.items(), key=lambda each: (-each[1], each[0]))
        counts = (f"{count} of {subject}" for subject, count in ordered)
        return f"{self.judged} answers ({', '.join(counts)})"

    def judge(self, subject: str, answers: int) -> None:
        """Count answers that were judged, and as what."""
        self.judged += answers
        self.subjects[subject] += answers

    def add(self, found: Iterable[Violation], hide: Callable[[Violation], Violation]) -> None:
        """Count each, and keep as many as a reader can use, after `hide`, which is slow."""
        for each in found:
            self.severities[each.severity] += 1
            fits = self.severities[each.severity] <= MAX_LISTED
            key = each.key
            if key not in self.hidden:
                if len(self.hidden) >= MAX_LISTED:
                    continue
                self.hidden[key] = hide(each).key
            place = self.hidden[key]
            self.counts[place] += 1
            if fits and self.counts[place] <= MAX_ALIKE:
                self.listed.append(hide(each))

    def observe(self, seen: Iterable[Observation], hide: Callable[[Observation], Observation]) -> None:
        """Keep each kind once, after `hide`, which is slow."""
        for each in seen:
            if len(self.occurrences) >= MAX_LISTED:
                break
            if (key := each.key) not in self.observed:
                if len(self.observed) < MAX_REMEMBERED:
                    self.observed.add(key)
                shown = hide(each)
                self.occurrences.setdefault(shown.key, shown)

    def is_worth_judging(self, entry: RecordedResponse) -> bool:
        """Whether to look at one more entry; those that are not looked at are counted."""
        self.read += len(entry.content) - entry.unpacked
        worth = self._has_room()
        self.effort += _cost(entry) if worth else 0
        self.passed_over += not worth
        return worth

    def count_effort(self, entry: RecordedResponse, found: int, clean: float) -> None:
        """An entry that was worth it had so many violations; without any it cost what `clean` says."""
        self.effort += max(0, found / VIOLATIONS_AN_ENTRY - _cost(entry)) if found else clean - _cost(entry)

    @property
    def is_given_up(self) -> bool:
        """Whether nothing in it is a recording, as it seems."""
        return self.passed_over >= SLOW_ENTRIES and not self.judged

    def takes_clean(self, size: int) -> bool:
        """Whether one more entry, of so many bytes and clean, is judged: that costs nothing."""
        self.read += size
        taken = self._has_room()
        self.read -= 0 if taken else size
        return taken

    def _has_room(self) -> bool:
        return self.effort < SLOW_ENTRIES + self.read / BYTES_AN_ENTRY

    def refuse(self, error: InputError) -> None:
        """Count an entry that cannot be judged."""
        self.refused += 1
        self.effort -= 1 - REFUSAL_COST
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(error)


def _cost(entry: RecordedResponse) -> float:
    """What an entry counts as that is broken."""
    return 1 + entry.unpacked / UNPACKED_BYTES
