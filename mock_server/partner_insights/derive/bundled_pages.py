"""The shipped pages → every derived file that is committed; with errata of a user's own, their catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from partner_insights._data import schemas_dir
from partner_insights.contract.catalogue import Catalogue
from partner_insights.contract.model import Profile
from partner_insights.contract.openapi import openapi_document
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.derivation import Derivation, derive, pages_of, to_bytes
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

TABLES = "tables"
OPENAPI = "openapi.json"


def derive_pages(
    paths: list[Path],
    folder: Path,
    *,
    lenient: bool = False,
    wire_case: bool | None = None,
    dialect: str | None = None,
) -> Derivation:
    """Derive pages with the errata of `folder`, references resolved among them and the shipped pages.

    The casing rule is on for our own pages, off for others, unless `wire_case` says otherwise.
    """
    errata = read_errata(folder / "errata.toml")
    own = paths == [folder / TABLES]
    return derive(
        pages_of(paths),
        errata.values(),
        shipped=folder / TABLES,
        lenient=lenient,
        wire_case=own if wire_case is None else wire_case,
        dialect=dialect,
    )


def catalogue_with(path: Path, profile: Profile | str) -> Catalogue:
    """The contract with the errata of a file in the form of schemas/errata.toml, after the shipped ones.

    InputError for a file that is none, an id that is taken, or an erratum whose cell reads otherwise.
    """
    folder = schemas_dir()
    shipped, own = read_errata(folder / "errata.toml"), read_errata(path)
    taken = sorted(shipped.keys() & own.keys())
    if taken:
        raise InputError(f"{', '.join(taken)} is the id of a shipped erratum", where=str(path))
    if not own:
        raise InputError("holds no [[erratum]]", where=str(path))
    errata = {**shipped, **own}
    tables = folder / TABLES
    derivation = derive(pages_of([tables]), errata.values(), shipped=tables, wire_case=True)
    return replace(Catalogue.of(derivation.schemas.values(), folder, profile), errata=errata)


def shipped_files(derivation: Derivation, folder: Path) -> dict[str, bytes]:
    """The derived files of the shipped pages, by name."""
    catalogue = Catalogue.of(derivation.schemas.values(), folder, Profile.CORRECTED)
    return derivation.files() | {OPENAPI: to_bytes(openapi_document(catalogue))}
