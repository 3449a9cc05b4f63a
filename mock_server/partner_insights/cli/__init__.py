"""The command line: one module per verb, imported only when that verb is called."""

from partner_insights.cli.verbs import main

__all__ = ["main"]
