"""Columns that follow exactly from other columns."""
