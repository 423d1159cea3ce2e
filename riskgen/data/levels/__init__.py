"""Regularly sampled series of levels: sensors, prices of a day, rates."""
