"""The contract suite's pytest options: a plugin of the suite's own run, and a part of the users' plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_insights.verify.options import APP_TOKEN_ENV, TOKEN_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

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
    "errata": {"metavar": "FILE", "help": "errata of your own, applied after the shipped ones"},
    "seed": {"type": int, "metavar": "N", "help": "seed of the requests and of the fake (default: 0)"},
    "max-requests": {"type": int, "metavar": "N", "help": "stop after N requests"},
    "rate": {"type": float, "metavar": "PER_SECOND", "help": "send at most so many requests a second"},
    "page": {"action": "append", "metavar": "PAGE", "help": "go by this page instead of the shipped ones"},
    "operations": {"metavar": "FILE", "help": "the operations that answer with the pages' resources"},
    "lenient": {"action": "store_true", "help": "leave what a page does not say for certain unjudged"},
    "wire-case": {"action": "store_true", "help": "spell the names of the tables as the wire does"},
    "dialect": {"metavar": "NAME|FILE", "help": "how the pages write their tables"},
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare `--insights-url` and its companions."""
    group = parser.getgroup("partner-insights", "licence analytics contract suite")
    for name, settings in OPTIONS.items():
        group.addoption(
            f"--insights-{name}", dest=f"insights_{name.replace('-', '_')}", default=None, **settings
        )
