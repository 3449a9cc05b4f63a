"""A fake of the Partner Center licence analytics API, the contract it keeps, and fixtures for your tests."""

# Nothing is imported here: the pytest plugin makes every user's pytest import this package.
__version__ = "0.1.0"
