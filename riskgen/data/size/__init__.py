"""Tables larger than memory: counted whole, learned from a sample."""
