"""Clients that well-known tools generate from the description, compiled strictly and called against a fake.

The programs in `programs/` read a row's count and a link's continuation token and want their exact types.
Tools of npm are looked for on PATH and in the folder that PARTNER_INSIGHTS_NODE_BIN names, tools of Python in
the one that PARTNER_INSIGHTS_GENERATORS names. Nothing is downloaded here: `.ci/run` does it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from partner_insights.child_server import running_fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_insights.child_server import RunningFake

pytestmark = pytest.mark.external
PROGRAMS = Path(__file__).parent / "programs"
SCHEMAS = Path(__file__).parents[2] / "schemas"
DESCRIPTION = SCHEMAS / "openapi.json"
NODE = os.environ.get("PARTNER_INSIGHTS_NODE_BIN", "")
PYTHON = os.environ.get("PARTNER_INSIGHTS_GENERATORS", "")
TOOLS = os.pathsep.join(filter(None, [PYTHON, NODE, os.environ.get("PATH", "")]))
TSC = (
    *("tsc", "--strict", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "node10"),
    *("--esModuleInterop", "--skipLibCheck", "--lib", "es2022,dom,dom.iterable"),
)


def run(folder: Path, *command: str) -> str:
    """What a tool prints, run in the folder; the test is skipped without it, and fails where it does."""
    path = shutil.which(command[0], path=TOOLS)
    if path is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [path, *command[1:]],
        cwd=folder,
        env={**os.environ, "PATH": TOOLS},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with running_fake("--customers=3") as server:
        yield server


def arguments(fake: RunningFake) -> list[str]:
    return [fake.url, fake.token, get(fake, "/v1/customers")["items"][0]["id"]]


def get(fake: RunningFake, path: str) -> Any:
    request = Request(fake.url + path, headers={"Authorization": f"Bearer {fake.token}"})
    with build_opener(ProxyHandler({})).open(request, timeout=10) as reply:
        return json.loads(reply.read().decode("utf-8-sig"))


def names(value: object) -> object:
    """All property names of a value, at any depth: a client may write a date in another way, not lose it."""
    if isinstance(value, dict):
        return {name: names(each) for name, each in value.items()}
    return [names(each) for each in value] if isinstance(value, list) else None


def check(printed: str, fake: RunningFake) -> None:
    """What a program read is what the fake sends."""
    answers = json.loads(printed)
    usage = get(fake, f"/v1/customers/{arguments(fake)[2]}/analytics/licenses/usage")
    customers = get(fake, "/v1/customers?size=1")
    assert names(answers["usage"]) == names(usage)
    assert names(answers["customers"]) == names(customers)
    following = customers["links"]["next"]["headers"][0]["value"]
    assert answers["read"] == [usage["items"][0]["licensesActive"], following]


def openapi_typescript(folder: Path) -> None:
    run(folder, "openapi-typescript", str(DESCRIPTION), "--output", "client.ts")


def hey_api(folder: Path) -> None:
    run(folder, "openapi-ts", "--input", str(DESCRIPTION), "--output", "client")


def orval_zod(folder: Path) -> None:
    # The offsets of E-006 are an option of orval.
    zod = {"target": "client.ts", "client": "zod", "override": {"zod": {"dateTimeOptions": {"offset": True}}}}
    fake = {"fake": {"input": str(DESCRIPTION), "output": zod}}
    (folder / "orval.config.cjs").write_text(f"module.exports = {json.dumps(fake)}")
    run(folder, "orval", "--config", "./orval.config.cjs")


@pytest.mark.parametrize("generate", [openapi_typescript, hey_api, orval_zod])
def test_typescript_reads_typed_rows(
    generate: Callable[[Path], None], fake: RunningFake, tmp_path: Path
) -> None:
    """Rows and headers of links have types under `tsc --strict`, and no property of an answer is lost."""
    if NODE:
        (tmp_path / "node_modules").symlink_to(Path(NODE).parent, target_is_directory=True)
    program = tmp_path / "program.ts"
    program.write_bytes((PROGRAMS / f"{generate.__name__}.ts").read_bytes())
    generate(tmp_path)
    run(tmp_path, *TSC, "--outDir", "built", program.name)
    check(run(tmp_path, "node", "built/program.js", *arguments(fake)), fake)


def openapi_python_client(folder: Path) -> None:
    run(
        folder,
        *("openapi-python-client", "generate", "--path", str(DESCRIPTION)),
        *("--meta", "none", "--output-path", "client"),
    )
    # The same for every description, and not strict: __exit__ passes its arguments on as objects.
    (folder / "mypy.ini").write_text("[mypy]\n[mypy-client.client]\nignore_errors = True\n")


def datamodel_openapi(folder: Path) -> None:
    pydantic(folder, DESCRIPTION, "openapi", "client.py")


def datamodel_schemas(folder: Path) -> None:
    alone = folder / "schemas"
    alone.mkdir()
    for path in SCHEMAS.glob("*.schema.json"):
        shutil.copy(path, alone)
    pydantic(folder, alone, "jsonschema", "client")


def pydantic(folder: Path, source: Path, form: str, out: str) -> None:
    run(
        folder,
        *("datamodel-codegen", "--input", str(source), "--input-file-type", form, "--output", out),
        *("--output-model-type", "pydantic_v2.BaseModel", "--use-annotated"),
    )


@pytest.mark.parametrize("generate", [openapi_python_client, datamodel_openapi, datamodel_schemas])
def test_python_reads_typed_rows(generate: Callable[[Path], None], fake: RunningFake, tmp_path: Path) -> None:
    """Rows and headers of links have types under `mypy --strict`, and no property of an answer is lost."""
    program = tmp_path / "program.py"
    program.write_bytes((PROGRAMS / f"{generate.__name__}.py").read_bytes())
    generate(tmp_path)
    python = shutil.which("python", path=TOOLS) or "python"
    run(tmp_path, "mypy", "--strict", "--python-executable", python, program.name)
    check(run(tmp_path, "python", program.name, *arguments(fake)), fake)
