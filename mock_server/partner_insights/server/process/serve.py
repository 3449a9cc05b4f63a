"""World and settings → a server process: Granian supervising workers that each hold the same fake.

The supervisor imports neither Flask nor NumPy. Each worker builds its application itself, from plain values:
the platform may fork workers or spawn them.
"""

from __future__ import annotations

import gc
import http.client
import multiprocessing
import os
import shutil
import signal
import ssl
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct

# The server's allocator reads this when it is loaded. By itself it would keep the memory of connections gone.
os.environ.setdefault("_RJEM_MALLOC_CONF", "background_thread:true,dirty_decay_ms:50,muzzy_decay_ms:0")
# NumPy's linear algebra would start threads when it is loaded, and nobody here asks it for anything.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings

from partner_insights.errors import InputError
from partner_insights.server.auth.tokens import warm_up
from partner_insights.server.process.listen import ListenAddress

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from partner_insights.contract import Catalogue
    from partner_insights.server.middleware import ApiMiddleware
    from partner_insights.server.process.front import RsgiFront
    from partner_insights.server.process.ready_file import ReadyFile
    from partner_insights.server.process.tls import Tls
    from partner_insights.server.settings import Settings
    from partner_insights.world import World

_MAX_CONNECTIONS: Final = 50_000
"""At most, for each worker, as far as the system lets it: idle ones must not keep others out."""
HEAD_SECONDS: Final = 30
"""How long the head of a request may take to come, and a connection be idle before it."""
_MAX_HEAD: Final = 64 * 1024
"""Bytes: far more than any client sends, and not so many that hostile ones fill the memory."""
_BACKLOG: Final = 4096
_GRACE: Final = 0.5
"""Seconds a worker gets to finish its requests at the end; an idle connection would hold it up for ever."""
_GARBAGE: Final = 5000
"""Objects more than before, when garbage is looked for: delayed responses are many, and none of it."""
_POLL: Final = 0.01
_LOOPS: Final = ("uvloop", "winloop", "rloop")
"""Event loops, the fastest first; asyncio's own where there is none of them."""


class WorldOptions(Struct, frozen=True):
    """The arguments of a world, plain, as they travel to the workers."""

    seed: int
    customers: int
    as_of: date
    percent_scale: int
    data: tuple[Path, ...] = ()
    """Files and folders of given rows."""
    only_data: bool = False
    allow_invalid: bool = False
    products: Path | None = None
    """A file to sell from, in place of the package's."""

    def world(self, catalogue: Catalogue) -> World:
        """The world itself; InputError for rows that cannot be."""
        from partner_insights.world import World, read_catalogue
        from partner_insights.world.own.load import with_files
        from partner_insights.world.product_file import default_catalogue

        sold = default_catalogue() if self.products is None else read_catalogue(self.products)
        world = World(
            catalogue,
            seed=self.seed,
            customers=0 if self.only_data else self.customers,
            as_of=self.as_of,
            percent_scale=self.percent_scale,
            products=sold,
        )
        return with_files(self.data, world, allow_invalid=self.allow_invalid) if self.data else world


class WorkerApplication(Struct, frozen=True):
    """Builds the fake inside a worker; picklable, because under `spawn` that is how it gets there."""

    world: WorldOptions
    settings: Settings
    catalogue: Catalogue | None = None
    """What to serve; None: the shipped catalogue."""
    temp_folders: tuple[Path, ...] = ()
    """Folders made for the run, which the supervisor removes, and a worker where that one was killed."""
    ready_file: ReadyFile | None = None
    """The same holds for it."""

    def __call__(self) -> RsgiFront:
        """The application; ends the worker when the supervisor is gone, however it went."""
        _take_own_signals()
        _end_with_parent(self.temp_folders, self.ready_file)
        gc.disable()  # of what is being loaded, nothing becomes garbage
        from partner_insights.contract import Catalogue
        from partner_insights.server.app import create_app
        from partner_insights.server.journal.request_log import RequestLog, write_out
        from partner_insights.server.process.front import RsgiFront

        try:
            catalogue = self.catalogue or Catalogue.load()
            world = self.world.world(catalogue)
            app = create_app(world, catalogue, self.settings)
            gc.freeze()  # what is loaded by now stays: nobody needs to look through it again
            gc.set_threshold(_GARBAGE)
            gc.enable()
            threading.Thread(target=warm_up, daemon=True).start()  # meanwhile it answers that it is there
            middleware = cast("ApiMiddleware", app.wsgi_app)
            if self.settings.request_log is None:
                return RsgiFront(middleware)
            log = RequestLog(middleware.journal, self.settings.request_log, write_out)
            log.start()
            return RsgiFront(middleware, log)
        except InputError as error:
            print(f"partner-insights: {error}", file=sys.stderr, flush=True)
            os._exit(error.exit_code)


def serve(
    world: WorldOptions,
    settings: Settings,
    host: str,
    port: int,
    ready: Callable[[ListenAddress], None],
    catalogue: Catalogue | None = None,
    tls: Tls | None = None,
    ready_file: ReadyFile | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; the exit code. `ready` is called once the fake truly answers.

    `catalogue` is what to serve, where it is not the shipped one; `tls` what to speak HTTPS with;
    `ready_file` what must not outlive this process, although it be killed.

    InputError where the address cannot be had. `port` 0 takes a free one.
    """
    with ExitStack() as made:
        endpoint = made.enter_context(ListenAddress.claim(host, port, "http" if tls is None else "https"))
        temp_folders = [] if tls is None or tls.ca_file is None else [tls.ca_file.parent]
        if settings.workers > 1:
            temp_folders.append(Path(made.enter_context(TemporaryDirectory(prefix="partner-insights-"))))
            settings = replace(settings, grant_store=temp_folders[-1] / "grants")
        server = _Server(endpoint, settings, ready, tls)
        try:
            application = WorkerApplication(world, settings, catalogue, tuple(temp_folders), ready_file)
            server.serve(target_loader=application, wrap_loader=False)
        except KeyboardInterrupt:
            server.shutdown()
        except SystemExit:
            # Ctrl-C reaches the workers too; one that ends before it is told to looks crashed to Granian.
            if not server.interrupt_signal:
                return server.report_end()
        return 0


class _Server(Granian):  # type: ignore[misc,valid-type]  # which class it is depends on the interpreter
    """Granian, silent, that says when it answers."""

    def __init__(
        self,
        endpoint: ListenAddress,
        settings: Settings,
        ready: Callable[[ListenAddress], None],
        tls: Tls | None,
    ) -> None:
        super().__init__(
            "partner_insights",
            address=endpoint.address,
            port=endpoint.port,
            interface=Interfaces.RSGI,
            workers=settings.workers,
            loop=next((Loops(name) for name in _LOOPS if find_spec(name)), Loops.asyncio),
            backlog=_BACKLOG,
            http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=_MAX_HEAD),
            backpressure=_MAX_CONNECTIONS,  # it counts connections, not requests
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
            workers_kill_timeout=_GRACE,  # Granian only ever adds and compares it
            ssl_cert=tls and tls.certificate,
            ssl_key=tls and tls.key,
            ssl_protocol_min=SSLProtocols.tls12,  # what .NET Framework clients speak
        )
        self.announced = threading.Event()
        self._ended: list[int] = []
        self._endpoint = endpoint
        self._settings = settings
        self._ready = ready

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        """Start the workers, then watch for the first answer. Not before: a fork copies no other thread."""
        super().startup(spawn_target, target_loader)
        threading.Thread(target=self._announce, daemon=True).start()

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop the workers; those that ended before they were told to are remembered."""
        self._ended = [code for each in self.wrks if (code := each.inner.exitcode) is not None]
        super().shutdown(exit_code)

    def report_end(self) -> int:
        """The exit code where a worker ended by itself; said in words where it had been serving."""
        if not self.announced.is_set():
            return InputError.exit_code  # the worker has said why
        codes = ", ".join(map(str, self._ended)) or "unknown"
        words = f"a worker ended by itself, with exit code {codes}; the fake has stopped"
        print(f"partner-insights: {words}", file=sys.stderr, flush=True)
        return 1

    def _announce(self) -> None:
        warm_up()  # a token is to be told, and the workers are loading as yet
        while not self.main_loop_interrupt.is_set():
            if _answers(self._endpoint, self._settings):
                self.announced.set()
                self._ready(self._endpoint)
                return
            time.sleep(_POLL)


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
    except OSError:
        return False
    finally:
        connection.close()


def _take_own_signals() -> None:
    # A forked worker inherits the supervisor's handlers, which would swallow a SIGTERM while it loads.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_parent(temp_folders: tuple[Path, ...], ready_file: ReadyFile | None) -> None:
    """Leave no orphan: a supervisor killed outright can neither stop its workers nor remove what it made."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        for folder in temp_folders:
            shutil.rmtree(folder, ignore_errors=True)
        if ready_file is not None and parent.pid is not None:
            ready_file.remove(parent.pid)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
