"""Random bytes and random mutants at `check` and its reader of recordings: no crash, no hang, one mind.

    python benchmarks/fuzz_check.py --minutes 10
    python benchmarks/fuzz_check.py --minutes 1 --seed 3 --keep DIR

Each input is a file as `check` may be given one: a body, lines of bodies or rows, a browser's archive, or a
folder of them; sound, spoilt by a mutant, broken in its bytes, or nothing but noise. The checker must come
back within ten seconds with a verdict or with an InputError, the same as the judge by itself, without the
gate; now and then the whole command is run, which must end with an exit code and no traceback. What it does
otherwise is kept, with the input. Exit code 1 then.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partner_insights.cli import main as command_line
from partner_insights.contract import Catalogue, Profile
from partner_insights.errors import InputError
from partner_insights.mutants import MutableResponse, RequestContext, mutants
from partner_insights.verify.recordings.check import RecordingChecker
from partner_insights.verify.recordings.clean_entries import CleanEntries
from partner_insights.verify.recordings.fast_path import FastPath
from partner_insights.verify.recordings.files import recordings
from partner_insights.verify.report.pseudonyms import Pseudonyms
from partner_insights.world import World
from partner_insights.world.bodies import response_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from partner_insights.verify.judge.fast_checks import Requested

SECONDS = 10
"""What one input may take: far more than any here needs."""
COMMAND_EVERY = 200
"""Inputs between two runs of the whole command."""

ODD = ('""', "null", "1e999", "-0", "1E400", "NaN", "9" * 400, '"\\ud800"', "[[]]", "{}", "true", '"\\u0000"')
TOKENS = [*ODD, *("[", "]", "{", "}", ",", ":", '"', "\\", "\n", "\r\n", "\ufeff", " ")]


class Hung(Exception):
    """The checker took too long."""


class Inputs:
    """Makes files to check."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        catalogue = Catalogue.load("strict")
        self._catalogue = catalogue
        world = World(catalogue, seed=seed, customers=3, as_of=date(2026, 11, 22))
        self._mutants = list(mutants(catalogue).values())
        self._bodies = {
            operation.id: json.dumps(
                response_body(world, operation, 0 if operation.per_customer else None)
            ).encode()
            for operation in catalogue.operations.values()
        }
        self._makers: list[Callable[[], bytes]] = [
            self._noise,
            self._sound,
            self._spoilt,
            self._broken,
            self._broken,
            self._lines,
            self._archive,
            self._any_json,
        ]

    def make(self, folder: Path) -> Path:
        """A file, or now and then a folder with some."""
        if self.random.random() < 0.05:
            inner = folder / "recordings"
            inner.mkdir()
            for number in range(self.random.randrange(4)):
                self._write(inner, f"{number}")
            return inner
        return self._write(folder, "recording")

    def _write(self, folder: Path, stem: str) -> Path:
        suffix = self.random.choice((".json", ".json", ".ndjson", ".jsonl", ".har", ".txt", ""))
        path = folder / f"{stem}{suffix}"
        path.write_bytes(self.random.choice(self._makers)())
        return path

    def _noise(self) -> bytes:
        return self.random.randbytes(self.random.choice((0, 1, 3, 40, 4000)))

    def _sound(self) -> bytes:
        body = self.random.choice(list(self._bodies.values()))
        return self.random.choice((b"", b"\xef\xbb\xbf")) + body

    def _spoilt(self) -> bytes:
        """A body as some mutant answers."""
        name, body = self.random.choice(list(self._bodies.items()))
        operation, ordinal = self._catalogue.operations[name], self.random.randrange(9)
        request = RequestContext(self._catalogue, operation, ordinal=ordinal)
        headers = (("Content-Type", self._catalogue.content_type),)
        return self.random.choice(self._mutants).apply(MutableResponse(200, headers, body), request).body

    def _broken(self) -> bytes:
        """A body, or a file of them, with some bytes cut, doubled, flipped or put in."""
        content = bytearray(self.random.choice((self._sound, self._spoilt, self._lines, self._archive))())
        for _ in range(self.random.choice((1, 1, 2, 8))):
            start = self.random.randrange(len(content) + 1)
            stop = min(len(content), start + self.random.choice((0, 1, 1, 5, 60)))
            piece = self.random.choice(
                (
                    b"",
                    self.random.randbytes(stop - start),
                    bytes(content[start:stop]) * 2,
                    self.random.choice(TOKENS).encode("utf-8", "surrogatepass"),
                    b"[" * self.random.choice((1, 90, 3000)),
                )
            )
            content[start:stop] = piece
        return bytes(content)

    def _lines(self) -> bytes:
        """Bodies and rows, one a line."""
        lines = []
        sound = self.random.random() < 0.5
        for _ in range(self.random.randrange(1, 8)):
            body = self._sound().removeprefix(b"\xef\xbb\xbf") if sound else self._spoilt()
            with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
                if self.random.random() < 0.5:
                    body = json.dumps(json.loads(body)["items"][0]).encode()
            lines.append(body.replace(b"\n", b" "))
        return self.random.choice((b"\n", b"\r\n", b"\n\n")).join(lines)

    def _archive(self) -> bytes:
        """A HAR with some entries, of which some are not ours."""
        entries = [self._entry() for _ in range(self.random.randrange(4))]
        return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()

    def _entry(self) -> Any:
        operation = self.random.choice(list(self._catalogue.operations.values()))
        path = operation.path.replace("{customer-id}", self.random.choice(("x", "%41", "é", "a/b")))
        host = self.random.choice((self._catalogue.base_url, "http://127.0.0.1:80", "//", ""))
        entry: dict[str, Any] = {
            "request": {"method": "GET", "url": host + path, "headers": [], "queryString": []},
            "response": {
                "status": self.random.choice((200, 200, 404, 500, "200", None, -1, 10**30)),
                "headers": [{"name": "Content-Type", "value": "application/json"}, {}],
                "content": {
                    "text": self._spoilt().decode("utf-8", "replace"),
                    "encoding": self.random.choice(("", "base64", None)),
                },
            },
            "startedDateTime": self.random.choice(("2026-11-22T00:00:00Z", "", 5, "9999-99-99T99")),
        }
        if self.random.random() < 0.4:
            return self._dropped(entry)
        return entry

    def _dropped(self, value: Any) -> Any:
        """The value with something in it gone, or of another kind."""
        if isinstance(value, dict) and value:
            name = self.random.choice(list(value))
            if self.random.random() < 0.3:
                return {key: kept for key, kept in value.items() if key != name}
            return {**value, name: self._dropped(value[name])}
        return self.random.choice((None, [], {}, 5, "", [None], True, 1e308))

    def _any_json(self, depth: int = 0) -> bytes:
        """JSON that has nothing to do with us, but for some names."""
        return json.dumps(self._value(0)).encode()

    def _value(self, depth: int) -> Any:
        kind = self.random.randrange(6 if depth < 4 else 4)
        if kind == 4:
            return [self._value(depth + 1) for _ in range(self.random.randrange(4))]
        if kind == 5:
            names = (
                "items",
                "totalCount",
                "attributes",
                "objectType",
                "code",
                "log",
                "entries",
                "statusCode",
                "x",
            )
            return {
                self.random.choice(names): self._value(depth + 1) for _ in range(self.random.randrange(5))
            }
        return self.random.choice((None, True, 0, -1, 1.5, 10**400, "", "Collection", "\ud800", "\x00", "é"))


class Closed(FastPath):
    """A gate that passes nothing: the judge looks at everything."""

    def valid_operation(self, content: bytes, *, line: bool = False, documented: bool = True) -> None:
        return None

    def whole(self, lines: Sequence[bytes], content: bytes = b"") -> dict[str, int]:
        return {}

    def answers_to(self, asked: Sequence[Requested], bodies: Sequence[bytes]) -> list[str | None]:
        return [None] * len(bodies)

    def split(self, lines: Sequence[bytes]) -> tuple[Counter[str], list[int]]:
        return Counter(), list(range(len(lines)))


class Pair:
    """A checker whose gate remembers what it has seen, and one that has none: they must agree."""

    def __init__(self, catalogue: Catalogue, profile: Profile, named: str | None, hidden: Pseudonyms | None):
        self._checkers = [RecordingChecker(catalogue, profile, named, hidden) for _ in range(2)]
        closed = self._checkers[1]._fast_path = Closed(catalogue)
        self._checkers[1]._clean = CleanEntries(catalogue, closed)

    def attempt(self, path: Path) -> str:
        """One input's outcome in a word; whatever is raised is a crash."""
        found, alone = (self._outcome(path, checker) for checker in self._checkers)
        if found != alone:
            raise AssertionError(f"with the gate: {found}; the judge alone: {alone}")
        return found[0]

    @staticmethod
    def _outcome(path: Path, checker: RecordingChecker) -> tuple[str, ...]:
        try:
            judged = [checker.check(each) for each in recordings([path])]
        except InputError as error:
            return "refused", str(error)
        word = "broken" if any(one.violations for one in judged) else "held"
        return word, *(
            f"{one.judged} {one.subject} {one.severities} {one.refused} "
            # Not their messages, which may tell the time.
            f"{[each.key for each in one.violations]} {[each.key for each in one.observations]}"
            for one in judged
        )


def whole_command(path: Path) -> str:
    """The same by the command; anything but a lawful exit code is a crash."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            code = command_line(["check", str(path)])
        except SystemExit as left:
            code = left.code
    if code not in (0, 1, 2, None) or "Traceback" in said.getvalue():
        raise AssertionError(f"exit code {code!r}: {said.getvalue()}")
    return f"command exits {code or 0}"


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Hung, where the block takes too long."""

    def ring(*_: object) -> None:
        raise Hung(f"no answer after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(minutes: float, seed: int, keep: Path) -> int:
    """Try until the time is over; how many inputs were a crash or a hang."""
    inputs, outcomes, bad = Inputs(seed), Counter[str](), 0
    catalogues = [(Catalogue.load(profile), profile) for profile in Profile]
    pairs: dict[tuple[Profile, str | None, bool], Pair] = {}
    end = time.monotonic() + 60 * minutes
    longest = 0.0
    while time.monotonic() < end:
        catalogue, profile = inputs.random.choice(catalogues)
        named = inputs.random.choice((None, None, *catalogue.operations))
        hidden = inputs.random.random() < 0.5
        kind = (profile, named, hidden)
        if kind not in pairs:
            pairs[kind] = Pair(catalogue, profile, named, Pseudonyms(b"key") if hidden else None)
        with tempfile.TemporaryDirectory(prefix="partner-insights-") as scratch:
            path = inputs.make(Path(scratch))
            started = time.monotonic()
            try:
                with limited():
                    outcomes[pairs[kind].attempt(path)] += 1
                    if sum(outcomes.values()) % COMMAND_EVERY == 0:
                        outcomes[whole_command(path)] += 1
            except Exception:
                bad += 1
                kept = _keep(path, keep / f"{seed}-{sum(outcomes.values())}")
                print(f"{kept} ({profile.value}, {named}):\n{traceback.format_exc()}", file=sys.stderr)
            longest = max(longest, time.monotonic() - started)
    told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    print(f"seed {seed}: {told}; {bad} crashes or hangs; the slowest took {longest:.2f} s")
    return bad


def _keep(path: Path, place: Path) -> Path:
    for each in [path] if path.is_file() else sorted(path.iterdir()):
        place.mkdir(parents=True, exist_ok=True)
        (place / each.name).write_bytes(each.read_bytes())
    return place


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the inputs (default: the time)")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzz-failures"), help="folder for inputs that failed"
    )
    arguments = parser.parse_args()
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    return 1 if fuzz(arguments.minutes, seed, arguments.keep) else 0


if __name__ == "__main__":
    sys.exit(main())
