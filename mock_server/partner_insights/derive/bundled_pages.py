"""The shipped pages → every derived file that is committed, the OpenAPI description among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_insights.contract.catalogue import Catalogue
from partner_insights.contract.model import Profile
from partner_insights.contract.openapi import openapi_document
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.derivation import Derivation, derive, pages_of, to_bytes

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


def shipped_files(derivation: Derivation, folder: Path) -> dict[str, bytes]:
    """The derived files of the shipped pages, by name."""
    catalogue = Catalogue.of(derivation.schemas.values(), folder, Profile.CORRECTED)
    return derivation.files() | {OPENAPI: to_bytes(openapi_document(catalogue))}
