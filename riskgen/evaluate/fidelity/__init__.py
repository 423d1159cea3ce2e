"""Is simulated data like the real, event by event and customer by customer (PROTOCOL A5)."""
