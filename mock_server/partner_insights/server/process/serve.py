"""World and settings → a server: a supervisor of workers that each hold the same fake.

The supervisor imports neither Flask nor NumPy.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

# NumPy's linear algebra would start threads when it is loaded, and nobody here asks it for anything.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from partner_insights.errors import InputError
from partner_insights.server.process.first_answer import await_first_answer
from partner_insights.server.process.listen import ListenAddress
from partner_insights.server.process.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.process import BaseProcess

    from partner_insights.contract import Catalogue
    from partner_insights.server.process.ready_file import ReadyFile
    from partner_insights.server.process.tls import Tls
    from partner_insights.server.process.worker import WorldOptions
    from partner_insights.server.settings import Settings

_KILL_SECONDS: Final = 2.0
"""How long a worker may take to end; it gives the requests under way less."""
START_METHOD: Final = "fork" if sys.platform == "linux" else "spawn"
"""Of child processes: forking is the fastest, and safe as the supervisor has no thread as yet."""
_LOOK: Final = 1.0
"""Seconds after which the supervisor looks up: on Windows, nothing wakes it at Ctrl-C."""


def serve(
    world: WorldOptions,
    settings: Settings,
    host: str,
    port: int,
    ready: Callable[[ListenAddress, str | None], None],
    catalogue: Catalogue | None = None,
    tls: Tls | None = None,
    ready_file: ReadyFile | None = None,
    *,
    until_eof: bool = False,
) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the exit code.

    `ready` is called once the fake truly answers, with a token for a first request where one is needed.
    `catalogue` is what to serve, where it is not the shipped one; `tls` what to speak HTTPS with;
    `ready_file` what must not outlive this process, although it be killed. `until_eof`, the end of standard
    input ends it, too.

    InputError where the address cannot be had. `port` 0 takes a free one.
    """
    with ExitStack() as made:
        endpoint = made.enter_context(ListenAddress.claim(host, port, "http" if tls is None else "https"))
        temp_folders = [] if tls is None or tls.ca_file is None else [tls.ca_file.parent]
        if settings.workers > 1:
            temp_folders.append(Path(made.enter_context(TemporaryDirectory(prefix="partner-insights-"))))
            settings = replace(settings, grant_store=temp_folders[-1] / "grants")
        worker = Worker(world, settings, catalogue, tls, tuple(temp_folders), ready_file)
        return _Supervisor(endpoint, settings, ready).run(worker, until_eof=until_eof)


class _Supervisor:
    """Starts workers, says when they answer, and ends them all when told to, or when one has ended."""

    def __init__(
        self,
        endpoint: ListenAddress,
        settings: Settings,
        ready: Callable[[ListenAddress, str | None], None],
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._ready = ready
        self._is_ending = (
            False  # no Event: a signal may come amid another's handler, which would hold its lock
        )

    def run(self, worker: Worker, *, until_eof: bool) -> int:
        """Until a signal to stop, the end of standard input, or that of a worker; the exit code."""
        woken, wake = multiprocessing.Pipe(duplex=False)

        def stop(*_: Any) -> None:
            if not self._is_ending:
                self._is_ending = True
                with suppress(OSError):
                    wake.send_bytes(b"stop")

        signals = [signal.SIGINT, signal.SIGTERM]
        # The terminal was closed; under nohup, that is to be ignored.
        if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signals.append(signal.SIGHUP)
        for number in signals:
            signal.signal(number, stop)
        children: list[BaseProcess] = []
        try:
            children += (self._child(worker, self._endpoint.socket) for _ in range(self._settings.workers))
            token, told = multiprocessing.Pipe(duplex=False)
            seed = worker.world.seed
            first_answer = self._child(await_first_answer, told, self._endpoint, self._settings, seed)
            children.append(first_answer)
            if until_eof:
                threading.Thread(target=_at_eof, args=(stop,), daemon=True).start()
            ended: list[BaseProcess] = []
            while not (self._is_ending or ended):
                signalled = wait([woken, *(each.sentinel for each in children)], _LOOK)
                ended = [each for each in children if each.sentinel in signalled]
                for one in ended:
                    one.join()
                if first_answer in ended and first_answer.exitcode == 0:
                    ended.remove(first_answer)
                    children.remove(first_answer)
                    self._ready(self._endpoint, token.recv())
            codes = [] if self._is_ending else [one.exitcode for one in ended]
        finally:
            self._is_ending = True
            _end(children)
            for number in signals:  # on its way out, Python would let one more end the process by its default
                signal.signal(number, signal.SIG_IGN)
        return _exit_code(codes)

    def _child(self, target: Callable[..., None], *arguments: Any) -> BaseProcess:
        context: Any = multiprocessing.get_context(START_METHOD)  # the type of them all has no Process
        child: BaseProcess = context.Process(target=target, args=arguments, daemon=True)
        child.start()
        return child


def _exit_code(ended: list[int | None]) -> int:
    """0 after a stop; otherwise what the children that ended by themselves ended with, said in words."""
    if not ended:
        return 0
    if ended[0] == InputError.exit_code:
        return InputError.exit_code  # a worker that could not start has said why
    codes = ", ".join(map(str, ended))
    words = f"a worker ended by itself, with exit code {codes}; the fake has stopped"
    print(f"partner-insights: {words}", file=sys.stderr, flush=True)
    return 1


def _end(children: Sequence[BaseProcess]) -> None:
    for each in children:
        each.terminate()
    until = time.monotonic() + _KILL_SECONDS
    for each in children:
        each.join(max(0.0, until - time.monotonic()))
        if each.is_alive():
            each.kill()
            each.join()


def _at_eof(then: Callable[[], None]) -> None:
    # Not by sys.stdin, whose lock a thread would still hold at the end of the process.
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    then()
