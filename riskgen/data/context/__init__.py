"""A second table with one row for each entity."""
