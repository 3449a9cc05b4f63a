"""The contract suite: what a server of the licence analytics API must keep, as tests."""
