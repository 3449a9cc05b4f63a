"""The shipped pages and a user's own file of errata → the catalogue that has both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from partner_insights._data import schemas_dir
from partner_insights.contract.catalogue import Catalogue
from partner_insights.contract.toml_files import read_errata
from partner_insights.derive.bundled_pages import TABLES
from partner_insights.derive.derivation import derive, pages_of
from partner_insights.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from partner_insights.contract.model import Profile


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
