"""The contract suite's pytest options, declared once; the pytest plugin registers them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from partner_insights.contract import Catalogue, Profile
    from partner_insights.derive.custom_pages import CustomContract

TOKEN_ENV = "PARTNER_INSIGHTS_TOKEN"  # noqa: S105 - the name of a variable, not a token
APP_TOKEN_ENV = "PARTNER_INSIGHTS_APP_TOKEN"  # noqa: S105 - the name of a variable, not a token


@dataclass(frozen=True)
class SuiteOptions:
    """What the contract suite was asked to judge, and how."""

    url: str | None = None
    """None: a fake of our own, started for the run."""
    token_env: str = TOKEN_ENV
    app_token_env: str = APP_TOKEN_ENV
    profile: str | None = None
    """None: `strict` for our own fake, `corrected` for any other server."""
    seed: int = 0
    max_requests: int | None = None
    rate: float | None = None
    page: tuple[str, ...] | None = None
    """Pages to go by instead of the shipped ones, with the operations that answer with their resources."""
    operations: str | None = None
    lenient: bool | None = None
    wire_case: bool | None = None
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
        return CustomContract(pages, Path(self.operations), bool(self.lenient), bool(self.wire_case))

    def catalogue(self, profile: Profile) -> Catalogue:
        """What to judge by; InputError where the pages or operations named cannot be read for certain."""
        from partner_insights.contract import Catalogue  # every user's pytest loads this module

        custom = self.custom
        return Catalogue.load(profile) if custom is None else custom.read(profile).catalogue


OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "url": {"metavar": "URL", "help": "judge the server at URL (default: a fake started for the run)"},
    "token-env": {
        "metavar": "NAME",
        "help": f"environment variable that holds the App+User token for URL (default: {TOKEN_ENV})",
    },
    "app-token-env": {
        "metavar": "NAME",
        "help": f"environment variable that holds an app-only token, if any (default: {APP_TOKEN_ENV})",
    },
    "profile": {
        "choices": ("corrected", "literal", "strict"),
        "help": "the contract to judge by (default: corrected; for the fake: strict)",
    },
    "seed": {"type": int, "metavar": "N", "help": "seed of the requests and of the fake (default: 0)"},
    "max-requests": {"type": int, "metavar": "N", "help": "stop after N requests"},
    "rate": {"type": float, "metavar": "PER_SECOND", "help": "send at most so many requests a second"},
    "page": {"action": "append", "metavar": "PAGE", "help": "go by this page instead of the shipped ones"},
    "operations": {"metavar": "FILE", "help": "the operations that answer with the pages' resources"},
    "lenient": {"action": "store_true", "help": "leave what a page does not say for certain unjudged"},
    "wire-case": {"action": "store_true", "help": "spell the names of the tables as the wire does"},
    "ca-file": {"metavar": "FILE", "help": "certificates to trust in place of the system's (PEM)"},
    "show-customers": {
        "action": "store_true",
        "help": "name customers in what is reported of URL, instead of pseudonyms",
    },
    "pseudonym-key-env": {
        "metavar": "NAME",
        "help": "environment variable with the key of the pseudonyms (default: a new key each run)",
    },
}
"""Every option of the suite, without its prefix; a bare `--url` would clash with other plugins."""


def add_options(parser: pytest.Parser) -> None:
    """Declare `--insights-url` and its companions."""
    group = parser.getgroup("partner-insights", "licence analytics contract suite")
    for name, settings in OPTIONS.items():
        group.addoption(
            f"--insights-{name}", dest=f"insights_{name.replace('-', '_')}", default=None, **settings
        )


def environment_token(name: str) -> str | None:
    """The token an environment variable holds, without the word Bearer and the white space around it."""
    value = os.environ.get(name, "").strip()
    return value.removeprefix("Bearer ").strip() or None
