"""What is known of a table before anything is fitted."""
