"""GARCH with filtered historical simulation: the classical rival on market paths."""
