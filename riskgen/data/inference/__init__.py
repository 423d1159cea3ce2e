"""What each column of a table is, with the reason."""
