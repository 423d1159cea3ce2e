"""A team's SDV metadata, in and out, without importing sdv."""
