"""Recorded responses → what is wrong with them: the fast path finds valid ones, the judge the rest."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from partner_insights.errors import InputError
from partner_insights.verify.judge.body_checks import BodyChecks
from partner_insights.verify.judge.exchange import Exchange, Request, Response
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
    violation,
)
from partner_insights.verify.recordings.archives import CleanAnswer
from partner_insights.verify.recordings.body_kind import (
    error_case,
    name_operation,
    object_types,
    untyped_row_operation,
)
from partner_insights.verify.recordings.clean_entries import CleanEntries
from partner_insights.verify.recordings.entry import LineBlock, RecordedResponse, Unanswered
from partner_insights.verify.recordings.fast_path import FastPath, row_operations
from partner_insights.verify.recordings.file_result import CLEAN_COST, FileResult
from partner_insights.verify.recordings.files import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from partner_insights.contract import (
        Catalogue,
        JsonValue,
        Operation,
        Profile,
        SchemaObject,
    )
    from partner_insights.verify.report.pseudonyms import Pseudonyms

UNUSABLE = ("PI306", "PI307", "PI308", "PI310", "PI311")
"""Defects that leave nothing to judge: such a file is no recording of an answer."""

MAX_KNOWN = 1_000
"""Bodies of a file that are known to break nothing, so that the same bytes are not judged again: a page …"""
SHORT = 1_000
"""… without rows is a page like all others. None of them has more bytes than this."""


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
        self._known: dict[bytes, str] = {}

    def check(self, path: Path) -> FileResult:
        """Judge a file; InputError, naming it, where nothing in it can be judged.

        An entry among others that cannot be judged is among its refusals.
        """
        checked = FileResult(str(path))
        self._fast_path.forget()
        self._known.clear()
        for entry in self._unsettled(path, checked):
            try:
                if isinstance(entry, InputError):
                    raise entry
                if isinstance(entry, Unanswered):
                    checked.unanswered += 1
                elif entry is not None and checked.is_worth_judging(entry):
                    self._check(entry, checked)
            except InputError as error:
                checked.refuse(error)
            if checked.is_given_up:
                break
        if checked.passed_over:
            words = (
                f"{checked.passed_over:,} more entries were not looked at: those before them took too long"
            )
            checked.refuse(InputError(words, where=str(path), remedy="check a part of the file by itself"))
        if checked.judged == 0 and checked.refusals:
            raise checked.refusals[0]
        if checked.judged == 0 and checked.unanswered:
            raise InputError("no request of this API got an answer in it", where=str(path))
        return checked

    def _unsettled(
        self, path: Path, checked: FileResult
    ) -> Iterator[RecordedResponse | Unanswered | InputError | None]:
        """The entries of a file, without those that are certainly valid."""
        for found in entries(path, self._catalogue, self._clean.among):
            if isinstance(found, LineBlock):
                yield from self._not_passed(found, checked)
            elif not isinstance(found, CleanAnswer):
                yield found
            elif not self._settle(found, checked):
                yield found.entry.read()

    def _settle(self, found: CleanAnswer, checked: FileResult) -> bool:
        """Count an entry of an archive that is certainly clean; False where it has to be looked at."""
        operation = found.entry.url.operation.id
        return (
            self._operation in (None, operation)
            and checked.takes_clean(found.size)
            and self._pass(operation, 1, checked)
        )

    def _not_passed(self, block: LineBlock, checked: FileResult) -> Iterator[RecordedResponse]:
        passed: Mapping[str, int] = self._fast_path.whole(block.content, block.objects)
        left: Sequence[int] = ()
        if not passed:
            passed, left = self._fast_path.split(block.lines, objects=block.objects > 0)
        if self._operation is not None and passed.keys() != {self._operation}:
            return block.entries(range(len(block.lines)))
        for subject, answers in passed.items():
            self._pass(subject, answers, checked)
        return block.entries(left)

    def _check(self, entry: RecordedResponse, checked: FileResult) -> None:
        before = checked.severities.total()
        known = self._known.get(entry.content) if entry.exchange is None else None
        if known is not None:
            checked.judge(known, 1)
        looked = known is None and not (
            self._pass(self._valid_operation(entry), 1, checked) or self._observe(entry, checked)
        )
        if looked:
            checked.judge(self._judge(entry, checked), 1)
        checked.count_effort(entry, checked.severities.total() - before, CLEAN_COST if looked else 0)

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
        before = checked.severities.total()
        self._add(body, found, alike, checked)
        is_clean = entry.exchange is None and checked.severities.total() == before
        if is_clean and len(entry.content) <= SHORT and len(self._known) < MAX_KNOWN:
            self._known[entry.content] = subject
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
        seen = _bom(body)
        if case is not None:
            subject, operation = f"an error body ({case.case})", None
            found = [*body.defects, *error_findings(body.value, case, self._catalogue)]
        elif (row := self._row_operation(body.value, entry)) is not None:
            subject = operation = row.id
            findings, further = self._row_findings(body.value, row, entry)
            found, seen = [*body.defects, *findings], [*seen, *further]
        else:
            named = self._named(body.value, entry)
            content = judged_response(body.value, named, _unasked(entry, named), self._catalogue)
            subject = operation = named.id
            if self._operation is None and named.layout.rows_of(body.value) == []:
                subject, operation = "an empty collection", None
            found = chain(body.defects, BodyChecks().findings(content))
            seen = chain(seen, content_observations(content))
        return subject, operation, self._violations(found, entry, operation), seen

    def _violations(
        self, found: Iterable[Finding], entry: RecordedResponse, operation: str | None
    ) -> Iterator[Violation]:
        for each in found:
            yield violation(each, _request(entry, operation), self._profile)

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
            return next(known, None) or untyped_row_operation(value, self._catalogue)
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
