"""`record`: traffic with a real server → judged as it passes, and stored without its customers."""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from partner_insights.cli.options import OUTPUT_FOLDER, PORT, profile_option, pseudonym_key_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from partner_insights.record.recorder import Recorder
    from partner_insights.verify.judge.exchange import Exchange
    from partner_insights.verify.report.verdict import Judgement


@click.command("record")
@click.option("--url", required=True, metavar="URL", help="The one server that requests are passed on to.")
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    type=OUTPUT_FOLDER,
    help="Folder to store answers in; one that was recorded with the same key is gone on with.",
)
@click.option(
    "--port", type=PORT, default=8011, show_default=True, help="Port of 127.0.0.1; 0 takes a free one."
)
@profile_option
@pseudonym_key_option
@click.option(
    "--ready-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written once the proxy answers: url, pid and upstream as JSON.",
)
def command(
    url: str, out: Path, port: int, profile: str, pseudonym_key_env: str | None, ready_file: Path | None
) -> int:
    """Pass GETs on to a server, judge its answers, and store them without its customers.

    Listens on loopback, passes on GET alone, with the caller's own token, to URL and no other host. Every
    answer is judged as it passes. What is stored in DIR has pseudonyms for names, ids and domains, and no
    token or cookie; `serve --from DIR` replays it. Ctrl-C ends it: exit 0 where the contract held, 1 where
    it was broken, 2 where nothing was recorded.
    """
    from partner_insights.contract import Catalogue, Profile
    from partner_insights.record.anonymizer import Anonymizer
    from partner_insights.record.proxy import Proxy
    from partner_insights.record.recorder import Recorder
    from partner_insights.record.store import Store
    from partner_insights.record.upstream import Upstream
    from partner_insights.server.process.ready_file import ReadyFile
    from partner_insights.verify.report.terminal import console
    from partner_insights.verify.run.target import pseudonym_key

    upstream = Upstream(url)
    catalogue = Catalogue.load(profile)
    key = pseudonym_key(pseudonym_key_env) or secrets.token_bytes(32)
    ready = None if ready_file is None else ReadyFile.prepare(ready_file)
    screen = console()
    store = Store(out, Anonymizer(key, catalogue))
    session = Recorder(upstream.url, catalogue, Profile(profile), store, lambda *words: _tell(screen, *words))
    try:
        proxy = Proxy(port, upstream, session)
        with _until_stopped(), proxy:
            if ready is not None:
                ready.write({"url": proxy.url, "pid": os.getpid(), "upstream": upstream.url})
            screen.print(f"recording {upstream.url} to {out}: send requests to {proxy.url}", soft_wrap=True)
            proxy.serve_forever(poll_interval=0.1)
    finally:
        store.close()
        if ready is not None:
            ready.remove(os.getpid())
    return _end(screen, session, len(store), out)


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Ctrl-C or SIGTERM ends the block, not the process, from the moment it is told to be ready."""

    def stop(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(screen: Console, exchange: Exchange, judgement: Judgement, refused: str | None) -> None:
    from partner_insights.verify.judge.violation import printable
    from partner_insights.verify.report.terminal import show

    request, response = exchange.request, exchange.response
    status = "–" if response is None else response.status
    what = request.operation or printable(request.url)
    end = "stored" if refused is None else f"not stored: {refused}"
    tally = f", {judgement.tally}" if judgement.tested else ""
    screen.print(f"{status} {what}{tally}; {end}", soft_wrap=True)
    if judgement.violations:
        show(screen, judgement)


def _end(screen: Console, session: Recorder, stored: int, out: Path) -> int:
    from partner_insights.verify.report.terminal import show_verdict
    from partner_insights.verify.report.verdict import counted

    judgement = session.judgement()
    words = f"{counted(session.passed, 'answer')} passed, {stored} stored in {out}; {judgement.tally}"
    show_verdict(screen, judgement, words)
    if session.failure is not None:
        click.echo(f"partner-insights: {out}: not all could be written: {session.failure.strerror}", err=True)
        return 2
    return judgement.verdict.exit_code
