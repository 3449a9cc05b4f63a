"""`python -m partner_insights` is the command line."""

from partner_insights.cli import main
from partner_insights.cli.verbs import NAME

if __name__ == "__main__":
    main(prog_name=NAME)
