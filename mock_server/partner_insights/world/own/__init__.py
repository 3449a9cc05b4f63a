"""Customers and figures that somebody gives → a part of the world, beside what it makes itself or instead."""
