"""`python -m partner_insights`, and `partner-insights`, are the command line."""

from __future__ import annotations

import sys  # and nothing else: until `main` runs, Ctrl-C is a traceback

INTERRUPTED = 130
"""What a shell reports for a process that SIGINT ended."""


def main() -> None:
    """Run it; Ctrl-C while it is still being loaded is as quiet as later."""
    try:
        from partner_insights.cli.verbs import NAME
        from partner_insights.cli.verbs import main as command_line

        command_line(prog_name=NAME)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
