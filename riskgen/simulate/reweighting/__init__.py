"""Paths that count more or less, so that views hold: nothing new is drawn."""
