"""Are simulated market paths like history: facts, tails, windows (PROTOCOL A6)."""
