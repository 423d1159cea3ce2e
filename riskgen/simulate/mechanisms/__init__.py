"""What goes wrong, done to events and paths; one typology a file."""
