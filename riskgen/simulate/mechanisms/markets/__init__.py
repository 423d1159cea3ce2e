"""Market stresses on paths of returns; one a file."""
