"""World and settings → one process that answers at a listening socket until it is told to stop.

It builds its application itself, from plain values: the platform may fork workers or spawn them.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING, Final, cast

from msgspec import Struct

from partner_insights.errors import InputError
from partner_insights.server.process.child import end_with_parent, take_own_signals

if TYPE_CHECKING:
    import socket
    from datetime import date
    from pathlib import Path

    from partner_insights.contract import Catalogue
    from partner_insights.server.middleware import ApiMiddleware
    from partner_insights.server.process.front import Front
    from partner_insights.server.process.ready_file import ReadyFile
    from partner_insights.server.process.tls import Tls
    from partner_insights.server.settings import Settings
    from partner_insights.world import World

_GARBAGE: Final = 5000
"""Objects more than before, when garbage is looked for: delayed responses are many, and none of it."""


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


class Worker(Struct, frozen=True):
    """A worker, yet to run; picklable, because under `spawn` that is how it gets to its process."""

    world: WorldOptions
    settings: Settings
    catalogue: Catalogue | None = None
    """What to serve; None: the shipped catalogue."""
    tls: Tls | None = None
    temp_folders: tuple[Path, ...] = ()
    """Folders made for the run, which the supervisor removes, and a worker where that one was killed."""
    ready_file: ReadyFile | None = None
    """The same holds for it."""

    def __call__(self, listening: socket.socket) -> None:
        """Answer until SIGTERM; end with the exit code of an error where the fake cannot be built."""
        take_own_signals()
        end_with_parent(self._clean_up)
        gc.disable()  # of what is being loaded, nothing becomes garbage
        from partner_insights.server.process.event_loop import answer
        from partner_insights.server.process.memory import use_one_heap

        use_one_heap()
        try:
            front = self._front()
        except InputError as error:
            print(f"partner-insights: {error}", file=sys.stderr, flush=True)
            os._exit(error.exit_code)
        gc.freeze()  # what is loaded by now stays: nobody needs to look through it again
        gc.set_threshold(_GARBAGE)
        gc.enable()
        answer(front, listening, self.tls)

    def _clean_up(self, supervisor: int) -> None:
        for folder in self.temp_folders:
            shutil.rmtree(folder, ignore_errors=True)
        if self.ready_file is not None:
            self.ready_file.remove(supervisor)

    def _front(self) -> Front:
        from partner_insights.contract import Catalogue
        from partner_insights.server.app import create_app
        from partner_insights.server.auth.tokens import warm_up
        from partner_insights.server.journal.request_log import RequestLog, write_out
        from partner_insights.server.process.front import Front

        catalogue = self.catalogue or Catalogue.load()
        app = create_app(self.world.world(catalogue), catalogue, self.settings)
        threading.Thread(target=warm_up, daemon=True).start()  # meanwhile it answers that it is there
        middleware = cast("ApiMiddleware", app.wsgi_app)
        if self.settings.request_log is None:
            return Front(middleware)
        log = RequestLog(middleware.journal, self.settings.request_log, write_out)
        log.start()
        return Front(middleware, log)
