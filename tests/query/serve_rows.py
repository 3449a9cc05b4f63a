"""`python -m query.serve_rows FILE`: the rows of a file behind the program's own server, until it ends."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partner_insights.server import Settings
from partner_insights.server.process.serve import serve
from partner_insights.server.settings import AuthMode
from query.rows_world import RowsWorld, by_resource

if TYPE_CHECKING:
    from partner_insights.contract import Catalogue


class RowsOptions:
    """What a worker makes its world of."""

    seed = 1

    def __init__(self, file: Path) -> None:
        self.file = file

    def world(self, catalogue: Catalogue) -> RowsWorld:
        """The rows as a world."""
        rows = json.loads(self.file.read_text(encoding="utf-8"))
        return RowsWorld(catalogue, customers=1, given=by_resource(rows))


def main(file: str) -> int:
    """Serve on a free port of loopback; its URL is the one line that is printed."""
    if hasattr(signal, "alarm"):
        signal.alarm(300)  # whoever started it may be gone
    options: Any = RowsOptions(Path(file))
    told = lambda endpoint, _: print(endpoint.url, flush=True)  # noqa: E731
    return serve(options, Settings(auth=AuthMode.OFF), "127.0.0.1", 0, told)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
