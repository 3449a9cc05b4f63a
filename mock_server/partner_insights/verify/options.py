"""What the contract suite is to judge, and how."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from partner_insights.contract import Catalogue, Profile
    from partner_insights.derive.custom_pages import CustomContract

TOKEN_ENV = "PARTNER_INSIGHTS_TOKEN"  # noqa: S105 - the name of a variable, not a token
APP_TOKEN_ENV = "PARTNER_INSIGHTS_APP_TOKEN"  # noqa: S105 - the name of a variable, not a token


@dataclass(frozen=True)
class SuiteOptions:
    """What the contract suite judges, and how."""

    url: str | None = None
    """None: a fake of our own, started for the run."""
    token_env: str = TOKEN_ENV
    app_token_env: str = APP_TOKEN_ENV
    profile: str | None = None
    """None: `strict` for our own fake, `corrected` for any other server."""
    errata: str | None = None
    """A file of errata of one's own, applied after the shipped ones."""
    seed: int = 0
    max_requests: int | None = None
    rate: float | None = None
    page: tuple[str, ...] | None = None
    """Pages to go by instead of the shipped ones, with the operations that answer with their resources."""
    operations: str | None = None
    lenient: bool | None = None
    wire_case: bool | None = None
    dialect: str | None = None
    ca_file: str | None = None
    show_customers: bool | None = None
    pseudonym_key_env: str | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> SuiteOptions:
        """The options of a pytest run."""
        chosen = {name: config.getoption(f"insights_{name}") for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in chosen.items() if value is not None})

    def arguments(self) -> list[str]:
        """The options as pytest's command line takes them."""
        given = (
            (name, value)
            for name in self.__dataclass_fields__
            for value in (self.page or () if name == "page" else [getattr(self, name)])
        )
        return [
            f"--insights-{name.replace('_', '-')}" + ("" if value is True else f"={value}")
            for name, value in given
            if value is not None and value is not False
        ]

    @property
    def custom(self) -> CustomContract | None:
        """The contract of other pages than ours, where the options name some."""
        if self.operations is None:
            return None
        from partner_insights.derive.custom_pages import CustomContract  # only the derive side reads Markdown

        pages = tuple(Path(page) for page in self.page or ())
        switches = bool(self.lenient), bool(self.wire_case)
        return CustomContract(pages, Path(self.operations), *switches, self.dialect)

    def catalogue(self, profile: Profile) -> Catalogue:
        """What to judge by; InputError where the pages or operations named cannot be read for certain."""
        from partner_insights.contract import Catalogue  # every user's pytest loads this module

        custom = self.custom
        if self.errata is not None:
            # Only the derive side reads Markdown.
            from partner_insights.derive.bundled_pages import catalogue_with

            return catalogue_with(Path(self.errata), profile)
        return Catalogue.load(profile) if custom is None else custom.read(profile).catalogue


def environment_token(name: str) -> str | None:
    """The token an environment variable holds, without the word Bearer and the white space around it."""
    value = os.environ.get(name, "").strip()
    return value.removeprefix("Bearer ").strip() or None
