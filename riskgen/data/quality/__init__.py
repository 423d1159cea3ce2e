"""Faults of a table that change the result: found, explained, and what to do."""
