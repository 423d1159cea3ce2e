"""Does simulated data help the detector: arms, trial, checks and ruling (PROTOCOL B)."""
