"""The contract suite, run inside this process → its results and the outcome of every test."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from partner_insights._data import contract_tests_dir
from partner_insights.contract import Catalogue, Profile
from partner_insights.errors import InputError
from partner_insights.verify import pytest_options
from partner_insights.verify.options import SuiteOptions
from partner_insights.verify.report.verdict import Judgement, counted, not_tried_lines
from partner_insights.verify.run.results import ContractViolated
from partner_insights.verify.run.session import SuiteSession
from partner_insights.verify.run.target import Target, open_target

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from partner_insights.verify.report.baseline import Comparison
    from partner_insights.verify.run.results import Results

OPEN_SESSION = pytest.StashKey[SuiteSession]()
"""Where `verify` leaves the session it opened for the suite's fixture."""

PYTEST_ENV = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_THEME")
"""Environment variables by which a user's own pytest habits would reach the run."""


@dataclass(frozen=True)
class TestResult:
    """One test of the suite and its outcome."""

    name: str
    outcome: str
    """`passed`, `failed`, `skipped` or `error` (the suite itself broke)."""
    seconds: float
    message: str = ""


@dataclass
class Run:
    """A finished run of the suite."""

    target: Target
    results: Results
    catalogue: Catalogue
    tests: list[TestResult] = field(default_factory=list)
    interrupted: bool = False

    @property
    def tested(self) -> bool:
        """Whether a test ran to its end on an operation, and the suite itself did not fail."""
        tried = any(test.outcome in ("passed", "failed") for test in self.tests)
        return tried and bool(self.results.operations) and not self.crashes and not self.results.token_lost

    @property
    def whole(self) -> bool:
        """Whether the suite came to its end, so that what was not seen is not there."""
        return not self.interrupted and self._ended_early is None and not self.crashes

    @property
    def _ended_early(self) -> str | None:
        """Why not everything was tried that could have been."""
        return self.results.stopped or self.results.too_few_requests

    @property
    def crashes(self) -> list[TestResult]:
        """Tests that failed for another reason than the contract: faults of the suite."""
        return [test for test in self.tests if test.outcome == "error"]

    @property
    def judgement(self) -> Judgement:
        """The run as the reports show it."""
        return self.judged(None)

    def judged(self, comparison: Comparison | None) -> Judgement:
        """The same, its violations held against a baseline."""
        found = self.results.violations if comparison is None else comparison.new
        observations = [*self.results.observations.values(), *self.results.census.observations()]
        return Judgement(
            profile=self.target.profile,
            target=self.target.name,
            requests=self.results.requests,
            operations=tuple(sorted(self.results.operations)),
            violations=tuple(found),
            observations=tuple(observations),
            tested=self.tested,
            comparison=comparison,
            stopped="interrupted" if self.interrupted else self._ended_early,
            tests=self.outcomes,
            not_tried=self.not_tried,
        )

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many tests had which outcome."""
        found = Counter(test.outcome for test in self.tests)
        return {name: found[name] for name in ("passed", "failed", "skipped", "error")}

    @property
    def not_tried(self) -> Mapping[str, int]:
        """Why tests were skipped, and how many each, the most common reason first."""
        reasons = Counter(test.message for test in self.tests if test.outcome == "skipped")
        return dict(reasons.most_common())

    @property
    def summary(self) -> str:
        """What was judged, in one line."""
        record = self.results
        outcomes = self.outcomes
        parts = [
            f"{self.target.name} by the {self.target.profile.value} contract",
            f"{counted(len(record.operations), 'operation')}, {counted(len(record.customers), 'customer')}",
            counted(record.requests, "request"),
            f"{counted(outcomes['passed'], 'test')} passed, {outcomes['failed']} failed, "
            f"{outcomes['skipped']} skipped",
            self.judgement.tally,
        ]
        parts += not_tried_lines(self.not_tried)
        if record.stopped is not None:
            parts.append(f"stopped early: {record.stopped}")
        if self.interrupted:
            parts.append("interrupted")
        return "; ".join(parts)


def catalogue_of(config: pytest.Config) -> Catalogue:
    """The catalogue of the operations that a run of the suite requests."""
    opened = config.stash.get(OPEN_SESSION, None)
    if opened is not None:
        return opened.catalogue
    try:
        return SuiteOptions.of(config).catalogue(Profile.CORRECTED)
    except InputError as error:
        pytest.exit(str(error), error.exit_code)


@contextmanager
def session_for(config: pytest.Config) -> Iterator[SuiteSession]:
    """The session that `verify` opened for this run, or one of the target that pytest's options name."""
    opened = config.stash.get(OPEN_SESSION, None)
    if opened is not None:
        yield opened
        return
    with ExitStack() as stack:
        try:
            target = stack.enter_context(open_target(SuiteOptions.of(config)))
            catalogue = SuiteOptions.of(config).catalogue(target.profile)
            session = stack.enter_context(open_session(target, catalogue))
            session.reach()
        except InputError as error:
            pytest.exit(str(error), error.exit_code)
        yield session


@contextmanager
def open_session(target: Target, catalogue: Catalogue | None = None) -> Iterator[SuiteSession]:
    """A session of a target by a catalogue (by default the shipped one), closed at the end."""
    session = SuiteSession(target, catalogue or Catalogue.load(target.profile))
    try:
        yield session
    finally:
        session.close()


def run_suite(options: SuiteOptions) -> Run:
    """Judge the options' server by the whole suite.

    Nothing of the caller's pytest habits reaches the run, and it leaves nothing in the working directory.
    InputError where the options are unusable, TargetUnreachable where the server gives no answer at all.
    """
    with open_target(options) as target:
        return run_tests(target, options)


def run_tests(target: Target, options: SuiteOptions, *observers: object) -> Run:
    """Judge an open target by the whole suite; `observers` are pytest plugins that listen in."""
    with open_session(target, options.catalogue(target.profile)) as session:
        run = Run(target, session.results, session.catalogue)
        try:
            session.reach()
            with tempfile.TemporaryDirectory(prefix="partner-insights-") as scratch, _isolated(Path(scratch)):
                plugins = [pytest_options, _Collector(run, session), *observers]
                status = pytest.main(_arguments(Path(scratch), options), plugins=plugins)
            run.interrupted = status == pytest.ExitCode.INTERRUPTED
        except KeyboardInterrupt:
            run.interrupted = True  # while pytest was not listening yet, or no more
        return run


def _arguments(scratch: Path, options: SuiteOptions) -> list[str]:
    folder = contract_tests_dir()
    configuration = scratch / "pytest.ini"
    configuration.write_text("[pytest]\n", encoding="utf-8", newline="\n")
    return [
        str(folder),
        *("-c", str(configuration), "--rootdir", str(folder), "--confcutdir", str(folder)),
        "--import-mode=importlib",
        *("-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:logging", "-p", "no:warnings"),
        # They collect garbage through and through, which takes as long as a small run does.
        *("-p", "no:unraisableexception", "-p", "no:threadexception"),
        *options.arguments(),
    ]


@contextmanager
def _isolated(scratch: Path) -> Iterator[None]:
    """An environment without the user's pytest and Hypothesis habits, put back afterwards."""
    before = dict(os.environ)
    for name in PYTEST_ENV:
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(scratch / "hypothesis"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Collector:
    """Gives the session to the suite, and collects the outcome of each test."""

    def __init__(self, run: Run, session: SuiteSession) -> None:
        self._run = run
        self._session = session

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[OPEN_SESSION] = self._session
        config.option.tbstyle = "no"  # nobody sees the code that a test failed in, and it takes time to find

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call" or not report.passed:
            self._run.tests.append(_result(item.name, report, call.excinfo))
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._run.tests.append(TestResult(report.nodeid, "error", 0.0, str(report.longrepr)))


def _result(
    name: str, report: pytest.TestReport, raised: pytest.ExceptionInfo[BaseException] | None
) -> TestResult:
    reason = raised.value if raised is not None else None
    outcome = (
        report.outcome
        if reason is None or not report.failed or isinstance(reason, ContractViolated)
        else "error"
    )
    return TestResult(name, outcome, report.duration, "" if reason is None else str(reason))
