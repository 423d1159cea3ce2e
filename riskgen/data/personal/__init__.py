"""Columns that look like personal data: one family of detectors a file."""

from riskgen.data.personal.column import personal_kind

__all__ = ["personal_kind"]
