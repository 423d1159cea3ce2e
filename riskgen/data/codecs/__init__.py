"""Columns as levels and back: what an encoder learns of one column."""
