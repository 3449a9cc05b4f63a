"""What clients did: the journal of requests, and the verdict on it."""
