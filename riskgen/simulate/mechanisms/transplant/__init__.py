"""Transplant: the shape of real events of a label, planted into other entities' sequences.

A shape says what a case was like relative to its owner: amounts in the owner's
usual amount, gaps, time of day, and what was new to the owner. It needs no prior and
works from one case up. It is personal data all the same: see :mod:`.donors`.
"""

from riskgen.simulate.mechanisms.transplant.donors import Donors

__all__ = ["Donors"]
