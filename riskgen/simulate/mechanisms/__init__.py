"""What goes wrong, done to events and paths; one typology a file."""

from riskgen.simulate.mechanisms.sham import sham_edit
from riskgen.simulate.mechanisms.stressed import Stressed, stress_events
from riskgen.simulate.mechanisms.transplant import Donors

__all__ = ["Donors", "Stressed", "sham_edit", "stress_events"]
