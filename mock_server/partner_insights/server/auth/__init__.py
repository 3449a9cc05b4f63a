"""Tokens: handed out at the token endpoints, and checked at every operation."""
