"""Recorded responses → what is wrong with them: the fast path finds valid ones, the judge the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from partner_insights.contract import Envelope
from partner_insights.errors import InputError
from partner_insights.verify.judge.body_checks import BodyChecks
from partner_insights.verify.judge.exchange import Exchange, Request, Response
from partner_insights.verify.judge.http_checks import http_finding
from partner_insights.verify.judge.json_body import Body, read_body
from partner_insights.verify.judge.judge import (
    content_observations,
    error_findings,
    judge_exchange,
)
from partner_insights.verify.judge.rows import JudgedResponse, Row, judged_response, success_of
from partner_insights.verify.judge.rule_registry import rule_findings
from partner_insights.verify.judge.schema_checks import schema_findings, undocumented
from partner_insights.verify.judge.violation import (
    Finding,
    Observation,
    Violation,
    ViolationKey,
    shortened,
    violation,
)
from partner_insights.verify.recordings.archives import CleanAnswer
from partner_insights.verify.recordings.clean_entries import CleanEntries
from partner_insights.verify.recordings.entry import LineBlock, RecordedResponse, Unanswered
from partner_insights.verify.recordings.fast_path import FastPath, row_operations
from partner_insights.verify.recordings.files import entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
    from pathlib import Path

    from partner_insights.contract import (
        Catalogue,
        ErrorCase,
        JsonValue,
        Operation,
        Profile,
        SchemaObject,
        Severity,
    )
    from partner_insights.verify.report.pseudonyms import Pseudonyms

UNUSABLE = ("PI306", "PI307", "PI308", "PI310", "PI311")
"""Defects that leave nothing to judge: such a file is no recording of an answer."""

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
SAME_ROW = 0.5
"""The share of names that a row without objectType has in common with those it is one of, at least."""
REFUSAL_COST = 0.1
"""What an entry that cannot be judged counts as, beside one that is."""


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
    """How many entries the judge has explained."""
    read: int = field(default=0, repr=False)
    """Bytes of the entries there were so far."""
    passed_over: int = 0
    """Entries that were not looked at any more: too many before them were broken."""
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
        self.effort += cost(entry) if worth else 0
        self.passed_over += not worth
        return worth

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


def cost(entry: RecordedResponse) -> float:
    """What an entry counts as that is broken."""
    return 1 + entry.unpacked / UNPACKED_BYTES


def check_recording(
    path: Path, catalogue: Catalogue, profile: Profile, operation: str | None = None
) -> FileResult:
    """Judge one file; InputError, naming it, for what is no recording of these operations."""
    return RecordingChecker(catalogue, profile, operation).check(path)


class RecordingChecker:
    """Judges recordings by one contract."""

    def __init__(
        self,
        catalogue: Catalogue,
        profile: Profile,
        operation: str | None = None,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        """`operation` is what bodies without their request are of; by default their content shows it."""
        self._catalogue = catalogue
        self._profile = profile
        self._operation = operation
        self._pseudonyms = pseudonyms
        self._fast_path = FastPath(catalogue)
        self._clean = CleanEntries(catalogue, self._fast_path)
        self._rows = row_operations(catalogue)

    def check(self, path: Path) -> FileResult:
        """Judge a file; InputError, naming it, where nothing in it can be judged.

        An entry among others that cannot be judged is among its refusals.
        """
        checked = FileResult(str(path))
        self._fast_path.forget()
        for entry in self._unsettled(path, checked):
            try:
                if isinstance(entry, InputError):
                    raise entry
                if checked.is_worth_judging(entry):
                    self._check(entry, checked)
            except InputError as error:
                checked.refuse(error)
            if checked.passed_over >= SLOW_ENTRIES and not checked.judged:
                break  # nothing in it is a recording
        if checked.passed_over:
            words = f"{checked.passed_over:,} more entries were not looked at: so many before them are broken"
            checked.refuse(InputError(words, where=str(path), remedy="check a part of the file by itself"))
        if checked.judged == 0 and checked.refusals:
            raise checked.refusals[0]
        if checked.judged == 0 and checked.unanswered:
            raise InputError("no request of this API got an answer in it", where=str(path))
        return checked

    def _unsettled(self, path: Path, checked: FileResult) -> Iterator[RecordedResponse | InputError]:
        """The entries of a file, without the lines that the fast path finds valid together."""
        for found in entries(path, self._catalogue, self._clean.among):
            if isinstance(found, CleanAnswer):
                if not self._settle(found, checked):
                    yield found.entry.answer()
            elif isinstance(found, LineBlock):
                yield from self._not_passed(found, checked)
            elif isinstance(found, Unanswered):
                checked.unanswered += 1
            else:
                yield found

    def _settle(self, found: CleanAnswer, checked: FileResult) -> bool:
        """Count an entry of an archive that is certainly clean; False where it has to be looked at."""
        operation = found.entry.url.operation.id
        return (
            self._operation in (None, operation)
            and checked.takes_clean(found.size)
            and self._pass(operation, 1, checked)
        )

    def _not_passed(self, block: LineBlock, checked: FileResult) -> Iterator[RecordedResponse]:
        passed: Mapping[str, int] = self._fast_path.whole(block.as_they_are, block.content)
        left: Sequence[int] = ()
        if not passed:
            passed, left = self._fast_path.split(block.lines)
        if self._operation is not None and passed.keys() != {self._operation}:
            return block.entries(range(len(block.lines)))
        for subject, answers in passed.items():
            self._pass(subject, answers, checked)
        return block.entries(left)

    def _check(self, entry: RecordedResponse, checked: FileResult) -> None:
        before = checked.severities.total()
        if not (self._pass(self._valid_operation(entry), 1, checked) or self._observe(entry, checked)):
            checked.judge(self._judge(entry, checked), 1)
        found = checked.severities.total() - before
        # Where nothing was to be explained, it cost nothing, whatever found the entry valid.
        checked.effort += max(0, found / VIOLATIONS_AN_ENTRY - cost(entry)) if found else -cost(entry)

    def _observe(self, entry: RecordedResponse, checked: FileResult) -> bool:
        """Count an answer that is valid but for what no page lists, and tell of that; False for any other."""
        found = self._valid_operation(entry, documented=False)
        if found is None or not self._pass(found, 1, checked):
            return False
        operation, body = self._catalogue.operations[found], read_body(entry.content)
        is_row = isinstance(body.value, dict) and operation.layout.rows not in body.value
        schema = self._row_schema(operation) if is_row else self._catalogue.response_schema(operation)
        self._add(body, (), undocumented(body.value, schema, self._catalogue, found), checked)
        return True

    def _valid_operation(self, entry: RecordedResponse, *, documented: bool = True) -> str | None:
        """The operation that an entry is certainly a valid answer of; None where the judge has to look."""
        exchange = entry.exchange
        if exchange is not None and (
            exchange.request.method != "GET" or exchange.response is None or exchange.response.status != 200
        ):
            return None
        found = self._fast_path.valid_operation(entry.content, line=entry.line, documented=documented)
        if exchange is None or found is None:
            return found
        kept = found == exchange.request.operation and not judge_exchange(
            exchange, self._catalogue, profile=self._profile, clean=True
        )
        return found if kept else None

    def _pass(self, subject: str | None, answers: int, checked: FileResult) -> bool:
        """Count clean answers of an operation, unless they were said to be of another one."""
        if subject is None or self._operation not in (None, subject):
            return False
        checked.operations.add(subject)
        checked.judge(subject, answers)
        return True

    def _judge(self, entry: RecordedResponse, checked: FileResult) -> str:
        """Add what the judge finds; what the entry was judged as."""
        body = read_body(entry.content)
        subject, operation, found, seen = self._findings(entry, body)
        if operation is not None:
            checked.operations.add(operation)
        alike = (each if each.operation == operation else replace(each, operation=operation) for each in seen)
        self._add(body, found, alike, checked)
        return subject

    def _add(
        self, body: Body, found: Iterable[Violation], seen: Iterable[Observation], checked: FileResult
    ) -> None:
        """Take down what an entry shows, its customers under pseudonyms."""
        if self._pseudonyms is None:
            checked.add(found, lambda each: each)
            checked.observe(seen, lambda each: each)
        else:
            self._pseudonyms.forget()  # only what one response names can be in it
            self._pseudonyms.learn(body.value)
            checked.add(found, self._pseudonyms.violation)
            checked.observe(seen, self._pseudonyms.observation)

    def _findings(
        self, entry: RecordedResponse, body: Body
    ) -> tuple[str, str | None, Iterable[Violation], Iterable[Observation]]:
        answered = entry.exchange.response if entry.exchange is not None else None
        # Every response has a header: where there is none, the archive left it out, and the body is judged.
        if entry.exchange is not None and answered is not None and answered.status < 300 and answered.headers:
            return self._exchange_findings(entry, entry.exchange)
        for defect in body.defects:
            if defect.code in UNUSABLE:
                raise InputError(defect.message, where=entry.name)
        case = error_case(body.value, self._catalogue)
        if case is None and answered is not None and answered.status >= 400:
            case = self._catalogue.error_cases["throttled" if answered.status == 429 else "internal-error"]
        found: Iterable[Finding]
        seen: Iterable[Observation]
        defects = [http_finding(defect.code, defect.message, defect.pointer) for defect in body.defects]
        seen = _bom(body)
        if case is not None:
            subject, operation = f"an error body ({case.case})", None
            found = [*defects, *error_findings(body.value, case, self._catalogue)]
        elif (row := self._row_operation(body.value, entry)) is not None:
            subject = operation = row.id
            findings, further = self._row_findings(body.value, row, entry)
            found, seen = [*defects, *findings], [*seen, *further]
        else:
            named = self._named(body.value, entry)
            content = judged_response(body.value, named, _unasked(entry, named), self._catalogue)
            subject = operation = named.id
            if self._operation is None and named.layout.rows_of(body.value) == []:
                subject, operation = "an empty collection", None
            found = chain(defects, BodyChecks().findings(content))
            seen = chain(seen, content_observations(content))
        request = _request(entry, operation)
        return subject, operation, (violation(each, request, self._profile) for each in found), seen

    def _exchange_findings(
        self, entry: RecordedResponse, exchange: Exchange
    ) -> tuple[str, str | None, Iterable[Violation], Iterable[Observation]]:
        """Of an answer whose request and headers are known, everything is judged."""
        violations = judge_exchange(exchange, self._catalogue, profile=self._profile)
        seen = _bom(read_body(entry.content))
        found = success_of(exchange, self._catalogue)
        seen += content_observations(found) if found is not None else ()
        operation = exchange.request.operation
        return operation or "", operation, violations, seen

    def _named(self, value: JsonValue, entry: RecordedResponse) -> Operation:
        if entry.exchange is not None and entry.exchange.request.operation is not None:
            return self._catalogue.operations[entry.exchange.request.operation]
        if self._operation is not None:
            return self._catalogue.operations[self._operation]
        return name_operation(value, self._catalogue, entry.name)

    def _row_operation(self, value: JsonValue, entry: RecordedResponse) -> Operation | None:
        """The operation whose row a value is, told by objectType or shape; None for what is no row."""
        if (
            not isinstance(value, dict)
            or "items" in value
            or "totalCount" in value
            or entry.exchange is not None
        ):
            return None
        stated = self._catalogue.operations.get(self._operation or "")
        if stated is None:
            known = (self._rows[kind] for kind in object_types([value]) if kind in self._rows)
            return next(known, None) or _untyped_row_operation(value, self._catalogue)
        if stated.envelope is None:
            return None
        envelope = self._catalogue.schema(stated.envelope)["properties"]
        row = self._catalogue.schema(stated.resource)["properties"]
        return stated if entry.line or value.keys() & (row.keys() - envelope.keys()) else None

    def _row_schema(self, operation: Operation) -> SchemaObject:
        rows = self._catalogue.response_schema(operation)["properties"][operation.layout.rows]
        schema: SchemaObject = rows["items"]
        return schema

    def _row_findings(
        self, row: dict[str, JsonValue], operation: Operation, entry: RecordedResponse
    ) -> tuple[list[Finding], list[Observation]]:
        """A row by itself: the rules across rows need the response it came in."""
        schema = self._row_schema(operation)
        alone = JudgedResponse(
            operation=operation,
            resource=operation.resource,
            content=entry.content,
            body=row,
            rows=(Row(0, row, operation.layout.rows),),
            customer=None,
            moment=Response(200, (), b"").received,
            catalogue=self._catalogue,
        )
        ruled = (
            replace(each, pointer=each.pointer.removeprefix(f"/{operation.layout.rows}/0"))
            for each in rule_findings(alone)
        )
        found = [*schema_findings(row, schema, self._catalogue), *ruled]
        return found, list(undocumented(row, schema, self._catalogue, operation.id))


def error_case(value: JsonValue, catalogue: Catalogue) -> ErrorCase | None:
    """The documented refusal that a body looks like; None for what looks like an answer.

    A body in the dialect of errors whose code is not known is taken for an internal error of that code.
    """
    if not isinstance(value, dict) or "items" in value or "totalCount" in value:
        return None
    if "innererror" in value:
        return catalogue.error_cases.get("invalid-analytics-query")
    if "statusCode" in value or ("message" in value and "code" not in value):
        return catalogue.error_cases["throttled"]
    if "code" in value and ("description" in value or "source" in value):
        cases = catalogue.error_cases.values()
        coded = (case for case in cases if case.code is not None and str(case.code) == str(value["code"]))
        return next(coded, catalogue.error_cases["internal-error"])
    return None


def name_operation(value: JsonValue, catalogue: Catalogue, where: str) -> Operation:
    """The operation whose response this is, by the objectType of its items, or of the body itself.

    An empty collection is anybody's: the first operation with its envelope stands for all. InputError where
    nothing shows it, or where items of several kinds contradict each other.
    """
    if not isinstance(value, dict):
        raise InputError(f"the body is {_kind(value)}, not an object: no operation answers so", where=where)
    paged = _paged_operation(value, catalogue)
    if paged is not None:
        return paged
    items = value.get("items")
    if items == []:
        envelope = "CustomerCollection" if "links" in value else "Collection"
        return next(each for each in catalogue.operations.values() if each.envelope == envelope)
    candidates = {
        operation.resource: operation
        for operation in catalogue.operations.values()
        if (operation.envelope is not None) == isinstance(items, list)
    }
    kinds = Counter(object_types(items if isinstance(items, list) else [value]))
    known = [kind for kind in kinds if kind in candidates]
    if len(known) == 1:
        return candidates[known[0]]  # a stray objectType beside it is a violation to report, not a riddle
    remedy = f"name it with --operation: {', '.join(catalogue.operations)}"
    if known:
        spoken = ", ".join(f"{count} {shortened(kind)}" for kind, count in kinds.most_common(5))
        raise InputError(f"the items are of several kinds ({spoken})", where=where, remedy=remedy)
    spoken = ", ".join(shortened(kind) for kind, _ in kinds.most_common(5)) or "missing"
    raise InputError(f"no operation answers with this objectType ({spoken})", where=where, remedy=remedy)


def _paged_operation(value: dict[str, JsonValue], catalogue: Catalogue) -> Operation | None:
    """The operation whose envelope and rows have the names that the body has; None for no such envelope."""
    for layout in {each.layout for each in catalogue.operations.values()} - {Envelope()}:
        rows = layout.rows_of(value)
        if rows is not None:
            names = {name for row in rows[:1] if isinstance(row, dict) for name in row}
            alike = [each for each in catalogue.operations.values() if each.layout == layout]
            return max(alike, key=lambda each: _likeness(names, each, catalogue))
    return None


def _untyped_row_operation(row: dict[str, JsonValue], catalogue: Catalogue) -> Operation | None:
    """The operation whose rows, which have no objectType, have most of the row's names, and few others."""
    alike = [
        (_likeness(row.keys(), each, catalogue), each)
        for each in catalogue.operations.values()
        if each.layout != Envelope() and "attributes" not in catalogue.schema(each.resource)["properties"]
    ]
    likeness, best = max(alike, key=lambda each: each[0], default=(0, None))
    return best if likeness > SAME_ROW else None


def _likeness(names: Set[str], operation: Operation, catalogue: Catalogue) -> float:
    documented = catalogue.schema(operation.resource)["properties"].keys()
    return len(names & documented) / max(len(names | documented), 1)


def object_types(items: Iterable[JsonValue]) -> Iterator[str]:
    """The objectType of each item that has one."""
    for item in items:
        attributes = item.get("attributes") if isinstance(item, dict) else None
        kind = attributes.get("objectType") if isinstance(attributes, dict) else None
        if isinstance(kind, str):
            yield kind


def _kind(value: JsonValue) -> str:
    return {list: "an array", str: "a string", bool: "a Boolean", type(None): "null"}.get(
        type(value), "a number"
    )


def _request(entry: RecordedResponse, operation: str | None) -> Request:
    if entry.exchange is not None:
        return replace(entry.exchange.request, operation=operation, file=entry.file, entry=entry.place)
    return Request("GET", entry.file, operation=operation, sent=False, file=entry.file, entry=entry.place)


def _unasked(entry: RecordedResponse, operation: Operation) -> Exchange:
    if entry.exchange is not None:
        return entry.exchange
    return Exchange(_request(entry, operation.id), Response(200, (), entry.content))


def _bom(body: Body) -> list[Observation]:
    return [Observation("bom", None, "", "the body starts with a UTF-8 byte order mark")] if body.bom else []
