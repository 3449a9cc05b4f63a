"""The peers of `serve_speed.py`: how each is installed, configured and started."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HERE = Path(__file__).resolve().parent
NODE = "node"
"""The folder of the npm package that carries a newer Node than most systems have."""


@dataclass(frozen=True)
class Site:
    """What a peer is to serve at /small and /large, and where."""

    small: bytes
    large: bytes
    folder: Path
    """For files that are written for peers."""
    peers: Path
    """Has a folder for the packages of each."""
    port: int = 0

    def write(self, name: str, content: Any) -> str:
        """Write bytes, or anything else as JSON, to a file; its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    def files(self, folder: str, suffix: str = "") -> str:
        """Write both bodies to files of a folder; its path."""
        for name, body in self.bodies():
            self.write(f"{folder}/{name}{suffix}", body)
        return str(self.folder / folder)

    def bodies(self) -> tuple[tuple[str, bytes], ...]:
        """Name and body of both."""
        return ("small", self.small), ("large", self.large)

    def packages(self, name: str) -> Path:
        """Where a peer's npm packages are."""
        return self.peers / name / "node_modules"

    @property
    def node(self) -> str:
        """The interpreter for JavaScript."""
        return str(self.packages(NODE) / "node/bin/node")

    def script(self, name: str, command: str) -> list[str]:
        """The command of an npm package, run by that interpreter; OSError where it is not installed."""
        return [self.node, str((self.packages(name) / ".bin" / command).resolve(strict=True))]

    def described(self) -> str:
        """The path of an OpenAPI document with both bodies as examples."""
        paths = {
            f"/{name}": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "ok",
                            "content": {"application/json": {"example": json.loads(body)}},
                        }
                    }
                }
            }
            for name, body in self.bodies()
        }
        return self.write(
            "openapi.json",
            {"openapi": "3.1.0", "info": {"title": "peer", "version": "1"}, "paths": paths},
        )


@dataclass(frozen=True)
class Peer:
    """A server that answers the same small request."""

    command: Callable[[Site], list[str]]
    """The command line that serves the site; OSError or ValueError where something for it is missing."""
    folder: str = ""
    """Of its packages; it is started there."""
    packages: tuple[str, ...] = ()
    """What npm installs into the folder."""
    has_large: bool = True
    """Whether it serves /large, too."""
    in_turn: bool = False
    """Whether it and the fake are loaded in turn, a second each: a goal compares them."""
    is_mock: bool = True
    """Whether it is a mock server; the others mark what the machine and the server can do at most."""


def install(folder: Path, names: Iterable[str]) -> None:
    """Install the npm packages of these peers where they are not there yet."""
    if shutil.which("npm") is None:
        return
    wanted = {NODE: ("node@24",)} | {PEERS[name].folder: PEERS[name].packages for name in names}
    for name, packages in wanted.items():
        home = folder / name
        if not packages or (home / "node_modules").is_dir():
            continue
        home.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(home)]
        subprocess.run([*command, *packages], cwd=home, check=False)


def _bare(site: Site) -> list[str]:
    site.files("bare")
    return [sys.executable, str(HERE / "bare.py"), str(site.port), str(site.folder / "bare/small")]


def _nginx(site: Site) -> list[str]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise OSError("there is no nginx here")
    prefix = site.files("nginx")
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    lines = (
        "daemon off; master_process off; pid nginx.pid; error_log stderr;",
        "events { worker_connections 1024; }",
        "http { access_log off; sendfile on; default_type application/json; keepalive_requests 1000000000;",
        *(f"{name}_temp_path {name};" for name in temporary),
        f"server {{ listen 127.0.0.1:{site.port}; root {prefix}; }} }}",
    )
    return [program, "-p", prefix, "-c", site.write("nginx/nginx.conf", "\n".join(lines).encode())]


def _apimock(site: Site) -> list[str]:
    program = (site.packages("apimock-rs") / "apimock-rs/apimock").resolve(strict=True)
    return [str(program), "-p", str(site.port), "-d", site.files("apimock", ".json")]


def _json_server(site: Site) -> list[str]:
    database = site.write("db.json", {name: json.loads(body) for name, body in site.bodies()})
    where = ["--port", str(site.port), "--host", "127.0.0.1"]
    return [*site.script("json-server", "json-server"), database, *where]


def _prism(*options: str) -> Callable[[Site], list[str]]:
    def command(site: Site) -> list[str]:
        return [*site.script("prism", "prism"), "mock", site.described(), "-p", str(site.port), *options]

    return command


def _mockoon(site: Site) -> list[str]:
    routes = []
    for name, body in site.bodies():
        answer = {
            "uuid": f"{name}-answer",
            "body": body.decode(),
            "statusCode": 200,
            "headers": [{"key": "Content-Type", "value": "application/json"}],
            "bodyType": "INLINE",
            "default": True,
            "disableTemplating": True,
        }
        routes.append(
            {"uuid": name, "type": "http", "method": "get", "endpoint": name, "responses": [answer]}
        )
    environment = {
        "uuid": "peer",
        "lastMigration": 33,
        "name": "peer",
        "port": site.port,
        "hostname": "127.0.0.1",
        "routes": routes,
    }
    described = site.write("mockoon.json", environment)
    return [*site.script("mockoon", "mockoon-cli"), "start", "-d", described, "-X", "-l", "127.0.0.1"]


def _wiremock(*options: str) -> Callable[[Site], list[str]]:
    def command(site: Site) -> list[str]:
        (jar,) = (site.peers / "wiremock").rglob("wiremock-standalone-*.jar")
        site.files("wiremock/__files", ".json")
        for name, _ in site.bodies():
            answer = {
                "status": 200,
                "bodyFileName": f"{name}.json",
                "headers": {"Content-Type": "application/json"},
            }
            mapping = {"request": {"method": "GET", "urlPath": f"/{name}"}, "response": answer}
            site.write(f"wiremock/mappings/{name}.json", mapping)
        where = ["--port", str(site.port), "--bind-address", "127.0.0.1"]
        return ["java", "-jar", str(jar), *where, "--root-dir", str(site.folder / "wiremock"), *options]

    return command


def _scalar(site: Site) -> list[str]:
    return [site.node, str(HERE / "scalar.mjs"), site.described(), str(site.port)]


_QUIET = ("--no-request-journal", "--disable-request-logging", "--async-response-enabled", "false")

PEERS = {
    "nginx, a file": Peer(_nginx, in_turn=True, is_mock=False),
    "bare": Peer(_bare, has_large=False, in_turn=True, is_mock=False),
    "apimock-rs": Peer(_apimock, "apimock-rs", ("apimock-rs",), in_turn=True),
    "json-server": Peer(_json_server, "json-server", ("json-server@1.0.0-beta.3",)),
    "Prism": Peer(_prism(), "prism", ("@stoplight/prism-cli",)),
    "Prism, silent": Peer(_prism("-v", "silent"), "prism", ("@stoplight/prism-cli",)),
    "Mockoon": Peer(_mockoon, "mockoon", ("@mockoon/cli",)),
    "WireMock": Peer(_wiremock(), "wiremock", ("wiremock",)),
    "WireMock, no journal": Peer(_wiremock(*_QUIET), "wiremock", ("wiremock",)),
    "@scalar/mock-server": Peer(_scalar, "scalar", ("@scalar/mock-server", "@hono/node-server")),
}
