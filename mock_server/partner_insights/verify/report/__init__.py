"""Violations and observations → a verdict, and reports in every format."""
