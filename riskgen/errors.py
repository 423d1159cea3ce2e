"""The few errors that riskgen raises for its users.

Sits at the bottom: it knows nothing of the other rooms. A message has three
parts: what was wrong, what was found (column, count, first row; never a
customer's value), and what to do.
"""

from __future__ import annotations


class RiskgenError(Exception):
    """A problem that the user can solve; shown as one line, exit code 2."""


class DataError(RiskgenError):
    """The table itself cannot be used as it is."""


class SchemaError(RiskgenError):
    """The description of the table is wrong or does not fit the table."""


class ScenarioError(RiskgenError):
    """A stress-scenario file is wrong or does not fit the table."""


class NotFittedError(RiskgenError):
    """A generator was asked for samples before it had learned anything."""


class TrainingError(RiskgenError):
    """Training collapsed or diverged; nothing was saved."""


class RunError(RiskgenError):
    """A run folder is missing, incomplete or was changed after it was written."""


class GateBlocked(RiskgenError):
    """A gate or an assertion failed; exit code 3."""


class NotApplicable(RiskgenError):
    """A measure declines to answer; its reason is printed in the report."""
