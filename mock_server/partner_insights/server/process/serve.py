"""World and settings → a server: a supervisor of workers that each hold the same fake.

The supervisor imports neither Flask nor NumPy.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import signal
import ssl
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
from partner_insights.server.auth.tokens import warm_up
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
_WARM_UP_SECONDS: Final = 1.0
"""How long the imports of the first token are waited for, at an end amid the start."""
_POLL: Final = 0.01
_LOOK: Final = 1.0
"""Seconds after which the supervisor looks up: on Windows, nothing wakes it at Ctrl-C."""


def serve(
    world: WorldOptions,
    settings: Settings,
    host: str,
    port: int,
    ready: Callable[[ListenAddress], None],
    catalogue: Catalogue | None = None,
    tls: Tls | None = None,
    ready_file: ReadyFile | None = None,
    *,
    until_eof: bool = False,
) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the exit code. `ready` is called once the fake truly answers.

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
        self, endpoint: ListenAddress, settings: Settings, ready: Callable[[ListenAddress], None]
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._ready = ready
        self._announced = threading.Event()
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
        # Forking is the fastest, and this process has no other thread as yet.
        if sys.platform == "linux":
            process = multiprocessing.get_context("fork").Process
        else:
            process = multiprocessing.get_context("spawn").Process
        arguments = (self._endpoint.socket,)
        workers = [process(target=worker, args=arguments, daemon=True) for _ in range(self._settings.workers)]
        for each in workers:
            each.start()
        announcing = threading.Thread(target=self._announce, daemon=True)
        announcing.start()
        if until_eof:
            threading.Thread(target=_at_eof, args=(stop,), daemon=True).start()
        ended: list[BaseProcess] = []
        while not (self._is_ending or ended):
            signalled = wait([woken, *(each.sentinel for each in workers)], _LOOK)
            ended = [each for each in workers if each.sentinel in signalled]
        by_itself = [] if self._is_ending else ended
        self._is_ending = True
        for one in by_itself:
            one.join()
        codes = [one.exitcode for one in by_itself]
        _end(workers)
        # Python ends threads on its way out; amid the import of compiled code that aborts the process.
        announcing.join(_WARM_UP_SECONDS)
        for number in signals:  # on its way out, Python would let one more end the process by its default
            signal.signal(number, signal.SIG_IGN)
        return self._exit_code(codes)

    def _exit_code(self, ended: list[int | None]) -> int:
        """0 after a stop; otherwise what the workers that ended by themselves ended with, said in words."""
        if not ended:
            return 0
        if not self._announced.is_set() and ended[0] == InputError.exit_code:
            return InputError.exit_code  # the worker has said why
        codes = ", ".join(map(str, ended))
        words = f"a worker ended by itself, with exit code {codes}; the fake has stopped"
        print(f"partner-insights: {words}", file=sys.stderr, flush=True)
        return 1

    def _announce(self) -> None:
        warm_up()  # a token is to be told, and the workers are loading as yet
        while not self._is_ending:
            if _answers(self._endpoint, self._settings):
                self._announced.set()
                self._ready(self._endpoint)
                return
            time.sleep(_POLL)


def _end(workers: Sequence[BaseProcess]) -> None:
    for each in workers:
        each.terminate()
    until = time.monotonic() + _KILL_SECONDS
    for each in workers:
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


def _answers(endpoint: ListenAddress, settings: Settings) -> bool:
    where = endpoint.reachable, endpoint.port
    connection = http.client.HTTPConnection(*where, timeout=5)
    if endpoint.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # we only call ourselves
        connection = http.client.HTTPSConnection(*where, timeout=5, context=context)
    headers = {"Host": "localhost"}
    if settings.admin_token:
        headers["X-Admin-Token"] = settings.admin_token
    try:
        connection.request("GET", "/_admin/health", headers=headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
