"""A schema of any page → plausible data, chosen by type, format, examples and name."""
