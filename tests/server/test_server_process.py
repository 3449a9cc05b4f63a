"""A fake as a process: how it starts, what it says, and how it ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from partner_insights.child_server import running_fake, start_fake
from partner_insights.cli import main
from partner_insights.errors import InputError
from partner_insights.server.process import serve
from partner_insights.server.process.listen import ListenAddress
from partner_insights.server.process.ready_file import ReadyFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ask
    from partner_insights.child_server import RunningFake

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups as on POSIX")
SERVE = [sys.executable, "-P", "-m", "partner_insights", "serve"]


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(each) for each in listed.stdout.split()]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return said("ps", "-o", "stat=", str(pid)) in ("", "Z")


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


class _Stubborn:
    """A worker that does not end when it is asked to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.waited = 0.0

    def terminate(self) -> None:
        self.done.append("terminate")

    def join(self, timeout: float = 0.0) -> None:
        self.waited += timeout

    def is_alive(self) -> bool:
        return "kill" not in self.done

    def kill(self) -> None:
        self.done.append("kill")


def test_workers_that_do_not_end_are_killed_in_time() -> None:
    """All are asked at once and then waited for, together no longer than each has; then they are killed."""
    workers = [_Stubborn() for _ in range(2)]
    serve._end(workers)  # type: ignore[arg-type]
    assert [each.done for each in workers] == [["terminate", "kill"]] * 2
    assert all(0 <= each.waited <= serve._KILL_SECONDS for each in workers)


@contextlib.contextmanager
def served(
    tmp_path: Path, *options: str, env: dict[str, str] | None = None, shell: str = 'exec "$@"'
) -> Iterator[subprocess.Popen[str]]:
    """A fake in a process group of its own, as a shell starts it, ready to be asked."""
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        ["sh", "-c", shell, "sh", *SERVE, "--port", "0", "--ready-file", str(ready), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=env,
    )  # fmt: skip
    try:
        assert eventually(lambda: ready.exists() or process.poll() is not None, 20)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def url_of(tmp_path: Path) -> str:
    url: str = json.loads((tmp_path / "ready.json").read_text())["url"]
    return url


def test_what_it_says_and_how_it_ends(tmp_path: Path) -> None:
    """A ready file for its owner only, while it answers; SIGTERM ends it within a second, exit code 0."""
    with served(tmp_path, "--seed", "3", "--as-of", "2026-11-22", "--scenario", "stale") as process:
        ready = json.loads((tmp_path / "ready.json").read_text())
        assert ready.keys() == {"url", "token", "pid", "seed", "asOf"}
        assert (ready["pid"], ready["seed"], ready["asOf"]) == (process.pid, 3, "2026-11-22")
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
        assert [each.name for each in tmp_path.iterdir()] == ["ready.json"]
        workers = children(process.pid)
        began = time.monotonic()
        process.terminate()
        out, err = process.communicate(timeout=5)
        assert time.monotonic() - began < 1
        assert (process.returncode, err) == (0, "")
    assert all(gone(worker) for worker in workers)
    assert not list(tmp_path.iterdir())
    assert "\x1b" not in out
    title, facts, console, _, curl = out.strip().splitlines()
    assert console == f"The console, in a browser: {ready['url']}/"
    assert title.endswith(ready["url"])
    assert facts == "seed 3 · 50 customers · as of 2026-11-22 · scenario stale · auth jwt"
    assert curl == (
        f"curl -H 'Authorization: Bearer {ready['token']}' {ready['url']}/v1/analytics/licenses/deployment"
    )


def test_the_pasted_curl_line_works(tmp_path: Path) -> None:
    """The line printed, given to a shell, fetches a collection."""
    with served(tmp_path) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        fetched = subprocess.run(["sh", "-c", lines[4].strip() + " -s"], capture_output=True, check=True)
    assert json.loads(fetched.stdout)["attributes"] == {"objectType": "Collection"}


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_colour_unless_it_wants_none(no_color: bool) -> None:
    """On a terminal the curl line is coloured and unbroken; NO_COLOR takes the colour away."""
    import pty

    own, its = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {
        "TERM": "xterm-256color"
    }
    process = subprocess.Popen(
        [*SERVE, "--port", "0"], stdout=its, stderr=its, env=env | ({"NO_COLOR": "1"} if no_color else {})
    )
    os.close(its)
    shown = b""
    try:
        while b"Ctrl-C stops it." not in shown:
            shown += os.read(own, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
        os.close(own)
    assert (b"\x1b[32m" in shown) is not no_color
    (curl,) = [line for line in shown.splitlines() if b"curl -H" in line]
    assert b"/v1/analytics/licenses/deployment" in curl


def test_nobody_has_to_listen(tmp_path: Path) -> None:
    """A closed output, or one that cannot say everything, does not keep it from serving."""
    with served(tmp_path, env=os.environ | {"PYTHONIOENCODING": "ascii"}) as process:
        urllib.request.urlopen(url_of(tmp_path) + "/_admin/health", timeout=5).close()
        process.terminate()
        out, err = process.communicate(timeout=5)
        assert (process.returncode, err) == (0, "")
    assert "seed 0 ? 50 customers" in out
    deaf = tmp_path / "deaf.json"
    process = subprocess.Popen(
        [*SERVE, "--port", "0", "--ready-file", str(deaf)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert eventually(deaf.exists, 20)
    process.terminate()
    assert process.wait(5) in (0, 141)
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_a_terminal_stops_it(tmp_path: Path, name: str) -> None:
    """Ctrl-C and the end of a terminal come to the whole group: a clean stop, no word or file left."""
    sent = signal.Signals[name]
    own = signal.signal(sent, signal.SIG_DFL)  # nohup makes a child deaf, too
    with contextlib.ExitStack() as started:
        try:
            process = started.enter_context(served(tmp_path))
        finally:
            signal.signal(sent, own)
        workers = children(process.pid)
        os.killpg(process.pid, sent)
        _, err = process.communicate(timeout=5)
        assert (process.returncode, err) == (0, "")
    assert all(gone(worker) for worker in workers)
    assert not list(tmp_path.iterdir())


def test_many_signals_are_one(tmp_path: Path) -> None:
    """One that comes while another is looked at does not keep it from ending, nor one that comes too late."""
    with served(tmp_path) as process:
        until, number = time.monotonic() + 5, 0
        while process.poll() is None and time.monotonic() < until:
            process.send_signal(signal.SIGINT if number % 2 else signal.SIGTERM)
            number += 1
        _, err = process.communicate(timeout=5)
        assert (process.returncode, err) == (0, "")


def test_open_connections_do_not_hold_up_the_end(tmp_path: Path) -> None:
    """An idle connection and half a request are cut off."""
    with served(tmp_path) as process:
        address = (urlsplit(url_of(tmp_path)).hostname, urlsplit(url_of(tmp_path)).port)
        with socket.create_connection(address), socket.create_connection(address) as half:
            half.sendall(b"GET /v1/cust")
            urllib.request.urlopen(url_of(tmp_path) + "/_admin/health", timeout=5).close()
            began = time.monotonic()
            process.terminate()
            assert process.wait(5) == 0
            assert time.monotonic() - began < 1.5


def test_a_low_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    """Where a shell gives few and the system more, more connections than those few are answered at once."""
    with served(tmp_path, shell='ulimit -S -n 80; exec "$@"'), contextlib.ExitStack() as opened:
        address = (urlsplit(url_of(tmp_path)).hostname, urlsplit(url_of(tmp_path)).port)
        open_at_once = [opened.enter_context(socket.create_connection(address, 5)) for _ in range(150)]
        for connection in open_at_once:
            connection.sendall(b"GET /_admin/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert {connection.recv(12) for connection in open_at_once} == {b"HTTP/1.1 200"}


@pytest.mark.parametrize("has_uvloop", [True, False])
def test_a_system_that_gives_few_files(tmp_path: Path, has_uvloop: bool) -> None:
    """Where no more than 64 files may be open at all, it answers; the client too many is turned away.

    With asyncio's own loop it waits. Neither floods the log.
    """
    env = dict(os.environ)
    if not has_uvloop:
        (tmp_path / "without").mkdir()
        (tmp_path / "without" / "uvloop.py").write_text("raise ModuleNotFoundError")
        env["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "without"), env.get("PYTHONPATH", "")])
    with served(tmp_path, shell='ulimit -n 64; exec "$@"', env=env) as process:
        address = (urlsplit(url_of(tmp_path)).hostname, urlsplit(url_of(tmp_path)).port)
        with contextlib.ExitStack() as opened:
            connections = [opened.enter_context(socket.create_connection(address, 5)) for _ in range(100)]
            for number in (0, -1):
                with contextlib.suppress(ConnectionError):
                    connections[number].sendall(b"GET /_admin/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connections[0].recv(12) == b"HTTP/1.1 200"
            connections[-1].settimeout(1)
            with contextlib.suppress(ConnectionError, TimeoutError):
                assert connections[-1].recv(12) == b""

        def is_answered() -> bool:
            """Of those that have left, some may still be waiting to be noticed, and count until then."""
            with contextlib.suppress(ConnectionError), socket.create_connection(address, 5) as later:
                later.sendall(b"GET /_admin/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return later.recv(12) == b"HTTP/1.1 200"
            return False

        assert eventually(is_answered, 5)
        process.terminate()
        assert process.communicate(timeout=10)[1].count("\n") < 20


def test_no_worker_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """SIGKILL to the supervisor leaves nobody at the port, and no key that was made for the run."""
    with served(tmp_path, "--workers", "2", "--tls-self-signed") as process:
        workers = children(process.pid)
        assert len(workers) == 2
        made = Path(json.loads((tmp_path / "ready.json").read_text())["caFile"]).parent
        assert (made / "key.pem").exists()
        assert process.stdout is not None
        assert f"certificate to trust {made}" in "".join(process.stdout.readline() for _ in range(2))
        process.kill()
        process.wait()
        assert eventually(lambda: all(gone(worker) for worker in workers), 20)
        assert not made.exists()
        assert not (tmp_path / "ready.json").exists()


def test_nothing_is_loaded_before_a_signal_is_waited_for() -> None:
    """Ctrl-C while the command line is loaded shows no traceback: what waits for it is there at once."""
    code = "import sys; m = {*sys.modules}; import partner_insights.__main__; print(*{*sys.modules} - m)"
    loaded = set(said(sys.executable, "-P", "-c", code).split())
    assert loaded <= {"__future__", "partner_insights", "partner_insights.__main__"}


def test_a_stop_amid_the_start_leaves_nothing_behind() -> None:
    """The process that waits for the first answer ends with the supervisor, by a signal or with it."""
    code = """
import os, signal, time
import partner_insights.server.auth.tokens as tokens
from partner_insights.cli import main
def stop(*_, **__):
    print(os.getpid(), flush=True)
    os.kill(os.getppid(), signal.{how})
    time.sleep(60)
tokens.Tokens.access = stop
main(["serve", "--port", "0", "--quiet"])
"""
    for how, code_of_end in (("SIGINT", 0), ("SIGKILL", -signal.SIGKILL)):
        command = [sys.executable, "-P", "-c", code.format(how=how)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert (ended.returncode, ended.stderr) == (code_of_end, "")
        pid = int(ended.stdout)
        assert eventually(lambda pid=pid: gone(pid), 5)


def test_nothing_but_the_workers_stays_beside_the_supervisor(tmp_path: Path) -> None:
    """What waited for the first answer has ended when the server is announced, and left no zombie."""
    with served(tmp_path, "--workers", "2") as process:
        assert len(children(process.pid)) == 2


def test_a_ready_file_that_cannot_be_written_any_more_ends_the_start(tmp_path: Path) -> None:
    """The script that waits for it would wait for ever."""
    folder = tmp_path / "gone"
    folder.mkdir()
    code = f"""
import shutil
from partner_insights.cli import main
from partner_insights.server.process import serve
wait = serve.wait
def vanish(*arguments):
    shutil.rmtree({str(folder)!r}, ignore_errors=True)
    return wait(*arguments)
serve.wait = vanish
main(["serve", "--port", "0", "--ready-file", {str(folder / "ready.json")!r}])
"""
    command = [sys.executable, "-P", "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot be written (No such file or directory)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_ready_file_of_a_living_fake_is_nobody_elses(tmp_path: Path) -> None:
    """A second fake refuses it, and leaves it as it is; one that a crash of the machine left is replaced."""
    ready = tmp_path / "ready.json"
    with served(tmp_path):
        before = ready.read_bytes()
        refused = CliRunner().invoke(main, ["serve", "--port", "0", "--ready-file", str(ready)])
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "still answers" in refused.stderr
        assert ready.read_bytes() == before
    ready.write_bytes(before)
    with served(tmp_path) as process:

        def written_anew() -> bool:
            with contextlib.suppress(FileNotFoundError):  # it is removed, then written
                return ready.read_bytes() != before
            return False

        assert eventually(written_anew, 20)
        assert json.loads(ready.read_bytes())["pid"] == process.pid


@pytest.mark.parametrize(
    "content", [b"", b"[1]", b'{"pid": "1", "url": 5}', b'{"pid": 1, "url": "http://[::"}', b"[" * 60_000]
)
def test_any_file_may_lie_in_the_place_of_a_ready_file(tmp_path: Path, content: bytes) -> None:
    """What is no ready file of a living server is replaced; what replaced one's own is left alone."""
    path = tmp_path / "ready.json"
    path.write_bytes(content)
    ready = ReadyFile.prepare(path)
    assert not path.exists()
    ready.write({"pid": os.getpid(), "url": "http://127.0.0.1:1"})
    assert not ready.is_living()
    ready.remove(os.getpid() + 1)
    assert path.exists()
    ready.remove(os.getpid())
    assert not path.exists()


def test_a_dead_worker_is_an_error(tmp_path: Path) -> None:
    """A fake that lost a worker says so, with its exit code, and ends with exit code 1."""
    with served(tmp_path) as process:
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=5)
        assert process.returncode == 1
        assert err == "partner-insights: a worker ended by itself, with exit code -9; the fake has stopped\n"


@pytest.mark.parametrize("delay", [0.3, 0.5])
def test_an_early_stop_leaves_nothing(delay: float) -> None:
    """SIGTERM while it still starts ends it and its workers too."""
    process = subprocess.Popen([*SERVE, "--port", "0"], start_new_session=True, stdout=subprocess.DEVNULL)
    time.sleep(delay)
    process.terminate()
    assert process.wait(5) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    assert eventually(lambda: said("pgrep", "-g", str(process.pid)) == "")


def test_a_port_in_use_is_said_at_once(fake: RunningFake, ask: Ask) -> None:
    """A second fake on the port: exit code 2 and one line that names the port; the first is not disturbed."""
    port = urlsplit(fake.url).port
    second = subprocess.run(
        [*SERVE, "--port", str(port)], capture_output=True, text=True, timeout=20, check=False
    )
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.splitlines() == [
        f"partner-insights: --port: port {port} of 127.0.0.1 is in use"
        " — stop what uses it, or give another; 0 takes a free one"
    ]
    assert ask("/_admin/world").json["seed"] == 7


@pytest.mark.parametrize(
    ("number", "words", "where"),
    [
        (errno.EADDRINUSE, "port 80 of 127.0.0.1 is in use", "--port"),
        (errno.EACCES, "port 80 is not open to this user", "--port"),
        (errno.EADDRNOTAVAIL, "127.0.0.1 is no address of this machine", "--host"),
        (
            errno.ENOBUFS,
            f"cannot listen at 127.0.0.1, port 80: {os.strerror(errno.ENOBUFS)}",
            "--host/--port",
        ),
    ],
)
def test_why_a_port_is_not_to_be_had(
    monkeypatch: pytest.MonkeyPatch, number: int, words: str, where: str
) -> None:
    """What the system says is told as what to do, and as it is where nobody knows what to do."""

    def bind(_: socket.socket, address: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(InputError) as raised, ListenAddress.claim("127.0.0.1", 80):
        pass
    assert (raised.value.what, raised.value.where) == (words, where)


def test_a_claimed_port_is_claimed_once() -> None:
    """Two fakes that start at once cannot share a port."""
    with (
        ListenAddress.claim("127.0.0.1", 0) as endpoint,
        pytest.raises(InputError, match="in use"),
        ListenAddress.claim("127.0.0.1", endpoint.port),
    ):
        pass
    with ListenAddress.claim("127.0.0.1", endpoint.port) as again:
        assert (again.address, again.port) == (endpoint.address, endpoint.port)


def test_a_port_is_free_again_at_once(tmp_path: Path) -> None:
    """Stop and start on the same port, with connections of the old one still closing."""
    with served(tmp_path) as process:
        url = url_of(tmp_path)
        urllib.request.urlopen(url + "/_admin/health", timeout=5).close()
        process.terminate()
        process.wait(5)
    with served(tmp_path, "--port", str(urlsplit(url).port)):
        urllib.request.urlopen(url + "/_admin/health", timeout=5).close()


BAD: dict[str, tuple[list[str], str]] = {
    "customers": (["--customers", "-1"], "'--customers': -1 is not in the range"),
    "as-of": (["--as-of", "2026-02-30"], "'--as-of': '2026-02-30' is no day of the calendar"),
    "scenario": (["--scenario", "nope"], "'--scenario': there is no scenario 'nope'"),
    "conflict": (
        ["--scenario", "bom", "--scenario", "outage"],
        "'--scenario': the scenarios bom and outage do not",
    ),
    "auth": (["--auth", "x"], "'--auth': 'x' is not one of 'jwt', 'any', 'off'"),
    "port": (["--port", "65536"], "'--port': 65536 is not in the range 0<=x<=65535"),
    "workers": (["--workers", "0"], "'--workers': 0 is not in the range"),
    "percent-scale": (["--percent-scale", "7"], "'--percent-scale': '7' is not one of '100', '1'"),
    "admin-token": (["--admin-token", ""], "'--admin-token'"),
    "host": (["--host", "nowhere.invalid"], "--host: 'nowhere.invalid' is neither an address nor a name"),
    "ready-file": (["--ready-file", "/nonexistent/x"], "--ready-file: /nonexistent/x cannot be written"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_option_names_itself(case: str) -> None:
    """Exit code 2, the option's name and what it accepts, and nothing is started."""
    options, message = BAD[case]
    refused = CliRunner().invoke(main, ["serve", *options])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert message in refused.stderr


def test_a_world_that_cannot_be_is_said_by_the_worker() -> None:
    """What only the worker finds out is one line and exit code 2, too; never a traceback."""
    options = ["--scenario", "stale", "--as-of", "2000-01-03", "--port", "0"]
    refused = subprocess.run([*SERVE, *options], capture_output=True, text=True, timeout=20, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("partner-insights: as-of date 1999-12-24 is too early")
    assert len(refused.stderr.splitlines()) == 1


def test_bound_outside_the_admin_token_is_demanded(asking: Callable[[RunningFake], Ask]) -> None:
    """On any address a token is made and printed, and the admin API wants it even from here."""
    with running_fake("--host", "0.0.0.0") as fake:
        ask = asking(fake)
        assert ask("/_admin/world").status == 403
        assert eventually(lambda: "admin token " in fake.output)  # it is told once the ready file is there
        token = fake.output.partition("admin token ")[2].split()[0]
        assert ask("/_admin/world", headers={"X-Admin-Token": token}).status == 200
        assert ask("/v1/customers?size=1").status == 200


@pytest.mark.parametrize("way", ["variable", "file"])
def test_an_admin_token_is_in_no_list_of_processes(
    asking: Callable[[RunningFake], Ask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """From the environment or a file, which goes before the environment, the token opens the admin API.

    The command line of no process of the fake has it.
    """
    monkeypatch.setenv("PARTNER_INSIGHTS_ADMIN_TOKEN", "hush-hush" if way == "variable" else "another")
    options = ["--host", "0.0.0.0"]
    if way == "file":
        file = tmp_path / "token"
        file.write_text("hush-hush\n")
        options += ["--admin-token-file", str(file)]
    with running_fake(*options) as fake:
        ask = asking(fake)
        assert ask("/_admin/world", headers={"X-Admin-Token": "another"}).status == 403
        assert ask("/_admin/world", headers={"X-Admin-Token": "hush-hush"}).status == 200
        shown = [said("ps", "-o", "args=", "-p", str(each)) for each in (fake.pid, *children(fake.pid))]
        assert "serve" in shown[0]
        assert "hush-hush" not in "".join([*shown, fake.output])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_admin_token_of_an_editor(
    asking: Callable[[RunningFake], Ask], tmp_path: Path, encoding: str
) -> None:
    """Notepad and PowerShell put a mark before it, two bytes into a character and CRLF behind it."""
    file = tmp_path / "token"
    file.write_bytes("hush-hush\r\n".encode(encoding))
    with running_fake("--host", "0.0.0.0", "--customers", "1", "--admin-token-file", str(file)) as fake:
        assert asking(fake)("/_admin/world", headers={"X-Admin-Token": "hush-hush"}).status == 200


def test_an_admin_token_file_must_hold_one(tmp_path: Path) -> None:
    """A file without a token, and a token beside a file, are refused with the option's name."""
    file = tmp_path / "token"
    file.write_bytes(b"\n")
    options = ["serve", "--admin-token-file", str(file)]
    for more, message in (
        ([], "'--admin-token-file': give printable"),
        (["--admin-token", "x"], "use one"),
        (["--admin-token-file", "/dev/zero"], "'--admin-token-file': give at most 1000 characters"),
    ):
        refused = CliRunner().invoke(main, [*options, *more])
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert message in refused.stderr


def test_a_spawned_worker_is_as_good_as_a_forked_one(tmp_path: Path) -> None:
    """Under spawn (macOS, Windows, Python 3.14) the same fake answers, and stops as cleanly."""
    script = tmp_path / "spawning.py"
    script.write_text(
        "from partner_insights.cli import main\n"
        "from partner_insights.server.process import serve\n"
        "if __name__ == '__main__':\n"
        "    serve.START_METHOD = 'spawn'\n"
        "    main()\n"
    )
    ready = tmp_path / "ready.json"
    arguments = ["serve", "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen([sys.executable, str(script), *arguments], stdout=subprocess.DEVNULL)
    try:
        assert eventually(ready.exists, 20)
        started = json.loads(ready.read_text())
        assert len(children(process.pid)) == 2  # the worker, and multiprocessing's resource tracker
        request = urllib.request.Request(
            started["url"] + "/v1/customers", headers={"Authorization": f"Bearer {started['token']}"}
        )
        with urllib.request.urlopen(request, timeout=5) as reply:
            assert len(json.load(reply)["items"]) == 50
        process.terminate()
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def test_a_fake_that_cannot_start_says_why() -> None:
    """`start_fake` raises what the child said."""
    with pytest.raises(InputError, match=r"exit code 2, having said:\n(.|\n)*'--auth': 'x' is not one of"):
        start_fake("--auth", "x")


def test_a_fake_that_takes_too_long_is_stopped() -> None:
    """`start_fake` waits no longer than it was told."""
    with pytest.raises(InputError, match=r"did not answer within 0\.01 seconds"):
        start_fake(timeout=0.01)


def test_a_fake_stops_with_a_process_that_is_killed() -> None:
    """A test run that is killed can stop nothing: its fake sees its standard input end."""
    program = (
        "from partner_insights.child_server import start_fake; print(start_fake().pid, flush=True); input()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert not gone(pid)
        process.kill()
    assert eventually(lambda: gone(pid), 10)


def test_a_fake_outlives_whoever_says_so() -> None:
    """One that several processes share goes on until it is stopped by its pid."""
    program = "from partner_insights.child_server import start_fake; print(start_fake(outlives=True).pid)"
    pid = int(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
    assert not gone(pid)
    os.kill(pid, signal.SIGTERM)
    assert eventually(lambda: gone(pid), 10)


def test_a_fake_stops_with_the_process_that_started_it() -> None:
    """A program that forgets to stop its fake leaves none behind; stopping twice does no harm."""
    program = "from partner_insights.child_server import start_fake; print(start_fake().pid)"
    pid = int(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
    assert gone(pid)
    fake = start_fake()
    fake.stop()
    fake.stop()
    assert gone(fake.pid)
