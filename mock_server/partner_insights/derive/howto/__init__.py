"""How-to pages → operations, samples, and errata proposed where the two disagree."""
