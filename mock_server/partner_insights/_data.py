"""Where the data folders are: beside the package in a wheel, at the top of the tree in a checkout."""

from __future__ import annotations

from pathlib import Path

from partner_insights.errors import InputError

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str, in_wheel: Path, in_checkout: Path) -> Path:
    for candidate in (in_wheel, in_checkout):
        if candidate.is_dir():
            return candidate
    raise InputError(
        f"the {name} folder is neither at {in_wheel} nor at {in_checkout}",
        remedy="the installation is incomplete: install partner-insights again",
    )


def schemas_dir() -> Path:
    """The derived schemas, the tables they come from, errata, operations and codes."""
    return _folder("schemas", _PACKAGE / "_data" / "schemas", _PACKAGE.parents[1] / "schemas")


def fixtures_dir() -> Path:
    """The committed fixture files, one per operation."""
    return _folder("fixtures", _PACKAGE / "_data" / "fixtures", _PACKAGE.parents[1] / "fixtures")


def contract_tests_dir() -> Path:
    """The contract suite, a folder of pytest files."""
    return _folder("contract_tests", _PACKAGE / "contract_tests", _PACKAGE.parents[1] / "contract_tests")
