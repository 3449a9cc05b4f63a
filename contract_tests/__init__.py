"""The contract suite: laws that a server of the licence analytics API is held to."""
