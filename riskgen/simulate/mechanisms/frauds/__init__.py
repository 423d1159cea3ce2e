"""Fraud typologies on events; one a file."""
