"""Times as banks write them, read and written back."""
