"""What a synthetic sample gives away about the customers behind it."""
