"""`python -m partner_insights` is the command line."""

from partner_insights.cli import main

if __name__ == "__main__":
    main()
