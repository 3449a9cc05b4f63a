"""What a run of our tests needs: bytecode, a Ctrl-C that is heard, and what is made once for all workers."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from filelock import FileLock
from hypothesis import settings

from partner_insights import child_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.process import BaseProcess

    from xdist.scheduler import WorkStealingScheduling

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Prepare the environment, for the workers of xdist and for every process a test starts.

    A shell starts background jobs with Ctrl-C ignored, and so is every process after it. Where bytecode is
    not to be written, each of some two hundred processes compiles all it imports, for two seconds or more.
    Hypothesis has a table of all characters, which every process makes anew where it finds none; how long an
    example takes is the machine's affair. On GitHub's runners `verify` and `check` print more.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("GITHUB_ACTIONS", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
    settings.register_profile("untimed", settings(), deadline=None)
    settings.load_profile("untimed")
    gc.disable()


def pytest_collection_finish() -> None:
    """Garbage is looked for when there are five million objects more, some hundreds of megabytes.

    What tests make seldom has circles: to look for them took a tenth of the time and found little.
    """
    gc.freeze()
    gc.set_threshold(5_000_000)
    gc.enable()


def pytest_unconfigure() -> None:
    """At the end nothing is looked through: that takes seconds, and xdist interrupts after five."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> WorkStealingScheduling | None:
    """Leave neighbouring tests to one worker: they share servers, worlds and other fixtures of a module."""
    if config.getoption("dist") != "load":  # the default under -n
        return None
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


PRELOADED = (
    "pytest",
    "partner_insights.cli.serve",
    "partner_insights.server.app",
    "partner_insights.server.process.event_loop",
    "partner_insights.server.process.front",
)
PROGRAM = """
import multiprocessing, os, sys
from partner_insights.__main__ import main
multiprocessing.set_start_method("fork", force=True)  # as in an interpreter of its own
sys.argv[1:], output, folder, environment = {!r}
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
for number, path in ((0, os.devnull), (1, output), (2, output)):
    os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), number)
main()
"""


class Forked:
    """A process of `multiprocessing`, as the standard library's `Popen` is used."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid
        self.terminate, self.kill = process.terminate, process.kill
        self.stdin = None

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("serve", timeout or 0)
        return self._process.exitcode


@pytest.fixture(scope="session", autouse=True)
def _forked_fakes() -> Iterator[None]:
    """Fakes that tests start by `running_fake` are forked off a process that has all modules loaded.

    To load them takes most of the time. How a fake starts by itself is tested in tests/server.
    """
    if sys.platform != "linux":
        yield
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    of_python = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    launch = child_server.launch

    def forked(arguments: list[str], output_file: Path, *, outlives: bool) -> Any:
        if of_python != {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}:
            return launch(arguments, output_file, outlives=outlives)  # only a new interpreter reads them
        program = PROGRAM.format((arguments, str(output_file), str(Path.cwd()), dict(os.environ)))
        process = context.Process(target=exec, args=(program,))
        process.start()
        return Forked(process)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child_server, "launch", forked)
        yield


class MakeOnce:
    """Folders that are made by the worker that needs them first, and read by all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder of this name, filled by `make` unless it was before."""
        folder = self._root / name
        with FileLock(self._root / f"{name}.lock"):
            if not folder.exists():
                unfinished = self._root / f"{name}.unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """What costs seconds to make, made once for the whole run."""
    root = tmp_path_factory.getbasetemp()
    return MakeOnce(root.parent if "PYTEST_XDIST_WORKER" in os.environ else root)


class Verified(NamedTuple):
    """What a run of `verify` printed, and the folder it ran in."""

    exit_code: int
    stdout: str
    stderr: str
    folder: Path


@pytest.fixture(scope="session")
def verified(make_once: MakeOnce) -> Verified:
    """Our own fake, judged by `partner-insights verify` as a user does; its reports are in the folder.

    The environment has habits of pytest that must not reach it.
    """
    habits = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}

    def verify(folder: Path) -> None:
        command = (sys.executable, "-m", "partner_insights", "verify")
        (folder / "left").mkdir()
        environment = os.environ | habits
        del environment["HYPOTHESIS_STORAGE_DIRECTORY"]  # where it is not set, nothing is stored either
        ran = subprocess.run(
            [*command, "--json", "report.json", "--junit", "report.xml"],
            cwd=folder / "left", env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        told = [ran.returncode, ran.stdout, ran.stderr]
        (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")

    folder = make_once("verified", verify)
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    return Verified(*told, folder / "left")
