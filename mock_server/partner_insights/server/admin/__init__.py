"""The admin API: what the fake holds and does, read and changed."""
