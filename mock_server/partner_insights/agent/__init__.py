"""Tools for an agent: a fake started, changed and questioned over the Model Context Protocol."""
