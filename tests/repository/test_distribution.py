"""The wheel holds the package and its data and nothing else, and works where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

IN_WHEEL = {
    "mock_server/partner_insights/": "partner_insights/",
    "schemas/": "partner_insights/_data/schemas/",
    "fixtures/": "partner_insights/_data/fixtures/",
    "contract_tests/": "partner_insights/contract_tests/",
}
"""Folder of the checkout → where its files are in the wheel."""

pytest.importorskip("build", reason="the dev extra builds the distributions")


def run(*command: str | Path, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "PYTEST_"))
    }
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution as an installer would, offline."""
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment that has the wheel, and the other packages of this one."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, symlinks=True)
    packages = next(home.glob("lib/python*/site-packages"))
    # A path line adds the folder but reads none of its .pth files: not the editable install's either.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        home / "bin" / "python",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
    )
    done = run(*pip, wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return home / "bin"


def expected_in_wheel(files: list[str]) -> set[str]:
    """Where each file of the checkout that belongs in the wheel must be in it."""
    return {
        place + name.removeprefix(folder)
        for name in files
        for folder, place in IN_WHEEL.items()
        if name.startswith(folder)
    }


def test_wheel_holds_exactly_the_package_and_its_data(wheel: Path) -> None:
    """Each file of the four folders is in the wheel at its place, and beside them only the metadata."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    checkout = [name for name in listing.split("\0") if name and (ROOT / name).is_file()]
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert names - metadata == expected_in_wheel(checkout)
    assert {name.split("/")[0] for name in names} == {
        "partner_insights",
        *(m.split("/")[0] for m in metadata),
    }


def test_wheel_holds_what_runs_need(wheel: Path) -> None:
    """The schemas and their tables, fixtures, suite and typing marker are there; our own tests are not."""
    names = zipfile.ZipFile(wheel).namelist()
    package = [name.removeprefix("partner_insights/") for name in names]
    for path in (ROOT / "schemas").rglob("*.*"):
        assert f"_data/schemas/{path.relative_to(ROOT / 'schemas').as_posix()}" in package
    assert "py.typed" in package
    assert "_data/fixtures/customer-licenses-usage.json" in package
    assert any(name.startswith("contract_tests/test_") for name in package)
    assert not [
        name for name in names if name.startswith("tests/") or "/tests/" in name or "__pycache__" in name
    ]


def test_misplaced_file_is_found() -> None:
    """The expectation puts a file of each folder at its place, and a file of no such folder nowhere."""
    assert expected_in_wheel(
        ["schemas/a.toml", "contract_tests/test_b.py", "tests/test_c.py", "README.md"]
    ) == {
        "partner_insights/_data/schemas/a.toml",
        "partner_insights/contract_tests/test_b.py",
    }


@pytest.mark.external
def test_installed_package_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    """The environment imports the package it installed, with its data beside it, not the checkout."""
    program = "import partner_insights as p, partner_insights._data as d; print(p.__file__, d.schemas_dir())"
    shown = run(installed / "python", "-c", program, cwd=tmp_path).stdout.split()
    assert len(shown) == 2
    assert all(path.startswith(str(installed.parent)) for path in shown)


@pytest.mark.external
def test_installed_program_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    """Each verb that reads the data files finds them in the wheel."""
    program = installed / "partner-insights"
    for arguments in (
        ["--version"],
        ["explain", "CustomerLicensesUsageInsights.workloadName"],
        ["derive", "--check"],
        ["openapi", "--out", "openapi.json"],
        ["fixtures", "write", "customer-licenses-usage", "--out", "usage.json"],
        ["check", "usage.json"],
    ):
        result = run(program, *arguments, cwd=tmp_path)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
        assert result.stdout or arguments[-2:-1] == ["--out"]
    assert json.loads((tmp_path / "openapi.json").read_bytes())["openapi"].startswith("3.1")


@pytest.mark.external
def test_installed_verify_judges_the_installed_fake(installed: Path, tmp_path: Path) -> None:
    """`verify` finds its suite in the wheel, starts the fake of the wheel, and what it asks holds."""
    few = ["--max-requests", "60", "--json", "report.json"]
    result = run(installed / "partner-insights", "verify", *few, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["requests"] > 0
    assert report["violations"] == []


@pytest.mark.external
def test_plugin_in_a_project_with_folders_of_the_same_names(installed: Path, tmp_path: Path) -> None:
    """A project with its own schemas, fixtures and contract_tests keeps them, and has a running fake."""
    for name in ("schemas", "fixtures", "contract_tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"OWNER = 'mine: {name}'\n", encoding="utf-8")
    (tmp_path / "test_client.py").write_text(
        """
import json
from urllib.request import Request, urlopen

import contract_tests, fixtures, schemas


def test_own_packages():
    assert [m.OWNER for m in (schemas, fixtures, contract_tests)] == [
        "mine: schemas", "mine: fixtures", "mine: contract_tests"]


def test_fake(insights_server, insights_token):
    path = "/v1/analytics/licenses/usage"
    request = Request(insights_server.url + path, headers={"Authorization": f"Bearer {insights_token}"})
    with urlopen(request) as response:
        body = json.load(response)
    assert body["totalCount"] == len(body["items"]) > 0
""",
        encoding="utf-8",
    )
    result = run(installed / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout
