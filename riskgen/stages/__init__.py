"""The four stages as functions: what the command line types, without the printing."""
