"""Bytes → a file that is there as a whole or not at all."""
