"""How each peer of `serve_speed.py` is installed, configured and started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent
NODE = "node"
"""The folder of the npm package that carries a newer Node than most systems have."""
PACKAGES = {
    NODE: ("node@24",),
    "json-server": ("json-server@1.0.0-beta.3",),
    "prism": ("@stoplight/prism-cli",),
    "mockoon": ("@mockoon/cli",),
    "wiremock": ("wiremock",),
    "scalar": ("@scalar/mock-server", "@hono/node-server"),
}


@dataclass(frozen=True)
class Bodies:
    """What is served, and where files for it may be written."""

    small: bytes
    large: bytes
    folder: Path

    def write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    def described(self) -> str:
        """An OpenAPI document with both bodies as examples."""
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
            for name, body in (("small", self.small), ("large", self.large))
        }
        return self.write(
            "openapi.json",
            {"openapi": "3.1.0", "info": {"title": "peer", "version": "1"}, "paths": paths},
        )


def install(folder: Path) -> None:
    """Each peer in a folder of its own, where it is not there yet; `npm` has to be on the path."""
    for name, packages in PACKAGES.items():
        home = folder / name
        if (home / "node_modules").is_dir():
            continue
        home.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(home)]
        subprocess.run([*command, *packages], cwd=home, check=False)


def commands(folder: Path, bodies: Bodies, port: int) -> dict[str, Callable[[], list[str]]]:
    """By name, what makes the command line that serves both bodies at the port."""
    node = str(folder / NODE / "node_modules/node/bin/node")

    def bin_of(package: str, name: str) -> list[str]:
        return [node, str((folder / package / "node_modules/.bin" / name).resolve(strict=True))]

    def prism(*options: str) -> list[str]:
        return [*bin_of("prism", "prism"), "mock", bodies.described(), "-p", str(port), *options]

    def json_server() -> list[str]:
        content = {"small": json.loads(bodies.small), "large": json.loads(bodies.large)}
        database = bodies.write("db.json", content)
        return [*bin_of("json-server", "json-server"), database, "--port", str(port), "--host", "127.0.0.1"]

    def mockoon() -> list[str]:
        environment = bodies.write("mockoon.json", _mockoon(bodies, port))
        return [*bin_of("mockoon", "mockoon-cli"), "start", "-d", environment, "-X", "-l", "127.0.0.1"]

    def wiremock(*options: str) -> list[str]:
        (jar,) = (folder / "wiremock").rglob("wiremock-standalone-*.jar")
        root = bodies.folder / "wiremock"
        for name, body in (("small", bodies.small), ("large", bodies.large)):
            bodies.write(f"wiremock/__files/{name}.json", body)
            answer = {
                "status": 200,
                "bodyFileName": f"{name}.json",
                "headers": {"Content-Type": "application/json"},
            }
            mapping = {"request": {"method": "GET", "urlPath": f"/{name}"}, "response": answer}
            bodies.write(f"wiremock/mappings/{name}.json", mapping)
        where = ["--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(root)]
        return ["java", "-jar", str(jar), *where, *options]

    def scalar() -> list[str]:
        return [node, str(HERE / "scalar.mjs"), bodies.described(), str(port)]

    def bare() -> list[str]:
        os.environ["BENCH_BODY"] = bodies.write("small.json", bodies.small)
        server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws"]
        options = ["--blocking-threads", "1", "--log-level", "error", "--port", str(port)]
        return [*server, *options, "--working-dir", str(HERE), "bare:app"]

    quiet = ("--no-request-journal", "--disable-request-logging", "--async-response-enabled", "false")
    return {
        "bare WSGI": bare,
        "json-server": json_server,
        "Prism": prism,
        "Prism, silent": lambda: prism("-v", "silent"),
        "Mockoon": mockoon,
        "WireMock": wiremock,
        "WireMock, no journal": lambda: wiremock(*quiet),
        "@scalar/mock-server": scalar,
    }


def home(folder: Path, name: str) -> Path:
    """The folder a peer is started in."""
    return folder / "scalar" if name.startswith("@scalar") else folder


def _mockoon(bodies: Bodies, port: int) -> dict[str, Any]:
    routes = []
    for name, body in (("small", bodies.small), ("large", bodies.large)):
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
    return {
        "uuid": "peer",
        "lastMigration": 33,
        "name": "peer",
        "port": port,
        "hostname": "127.0.0.1",
        "routes": routes,
    }
