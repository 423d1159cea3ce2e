"""Fidelity, utility and privacy, each number beside its floor; knows no figures."""
