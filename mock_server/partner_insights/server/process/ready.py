"""A fake that answers → word of it: to a script by the ready file, to a person on the terminal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

from partner_insights.server.auth.examples import curl_line
from partner_insights.server.scenarios import DEFAULT
from partner_insights.server.settings import LogFormat

if TYPE_CHECKING:
    from partner_insights.server.process.listen import ListenAddress
    from partner_insights.server.process.ready_file import ReadyFile
    from partner_insights.server.process.tls import Tls
    from partner_insights.server.process.worker import WorldOptions
    from partner_insights.server.settings import Settings

_FIRST_REQUEST = "/v1/analytics/licenses/deployment"


class StartupMessage(Struct, frozen=True):
    """What to say once the fake answers."""

    world: WorldOptions
    settings: Settings
    ready_file: ReadyFile | None
    title: str = "the Partner Center licence analytics API"
    """What is faked."""
    first_request: str = _FIRST_REQUEST
    """A path to try, for the curl line."""
    tls: Tls | None = None
    made_token: str | None = None
    """The admin token, where it is of our own making: one that was given may be a secret."""
    facts: tuple[str, ...] | None = None
    """What is served, in place of the world's facts."""

    def __call__(self, endpoint: ListenAddress, token: str | None) -> None:
        """Say it; the ready file first, as a machine waits for it. `token` is for a request to try."""
        if self.ready_file is not None:
            self.ready_file.write(
                {
                    "url": endpoint.url,
                    "token": token or "",
                    "pid": os.getpid(),
                    "seed": self.world.seed,
                    "asOf": self.world.as_of.isoformat(),
                    **({} if self.tls is None else self.tls.as_dict()),
                }
            )
        curl = curl_line(endpoint.url + self.first_request, token, self.tls.ca_file if self.tls else None)
        # Its output may be closed, or in an encoding without the middle dot:
        # neither is a reason not to serve.
        # A log in JSON has standard output for itself.
        out = sys.stderr if self.settings.request_log is LogFormat.JSON else sys.stdout
        with suppress(OSError):
            if out.isatty():
                self._decorated(out, endpoint.url, curl)
            else:
                console = f"The console, in a browser: {endpoint.url}/"
                plain = f"{self._title(endpoint.url)}\n{self._facts()}\n{console}\n\n{curl}\n"
                print(plain.encode(out.encoding, "replace").decode(out.encoding), file=out, flush=True)

    def _decorated(self, out: TextIO, url: str, curl: str) -> None:
        from rich.console import Console
        from rich.markup import escape

        # A line that is to be pasted must not be broken: soft_wrap leaves that to the terminal.
        console = Console(file=out, soft_wrap=True, highlight=False)
        console.print(f"[bold]{escape(self._title(url))}[/bold]")
        console.print(f"[dim]{escape(self._facts())}[/dim]")
        console.print(f"The console, in a browser: {escape(url)}/\n")
        console.print(f"{escape(curl)}\n", style="green")
        console.print("[dim]Ctrl-C stops it.[/dim]")

    def _title(self, url: str) -> str:
        return f"A fake of {self.title}: {url}"

    def _facts(self) -> str:
        scenarios = ", ".join(self.settings.scenarios) or DEFAULT
        world = (
            f"seed {self.world.seed}",
            *_customers(self.world),
            f"as of {self.world.as_of}",
        )
        served = world if self.facts is None else self.facts
        facts = [*served, f"scenario {scenarios}", f"auth {self.settings.auth}"]
        if self.made_token is not None:
            facts.append(f"admin token {self.made_token}")
        if self.tls is not None and self.tls.ca_file is not None:
            facts.append(f"certificate to trust {self.tls.ca_file}")
        return " · ".join(facts)


def _customers(world: WorldOptions) -> tuple[str, ...]:
    given = tuple(f"data of {path.name}" for path in world.data)
    return given if world.only_data else (f"{world.customers:,} customers", *given)
