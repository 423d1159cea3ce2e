"""Generators behind one protocol; they see panels, not where panels came from."""
