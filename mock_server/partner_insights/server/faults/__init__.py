"""Faults on request → answers that go wrong in just that way, each planned fault accounted for."""
