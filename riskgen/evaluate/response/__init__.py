"""What a bank or a desk can do about a scenario, what it stops and whom it hits."""
