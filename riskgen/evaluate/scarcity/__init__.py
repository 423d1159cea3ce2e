"""How much simulated frauds are worth where few real ones are known (PROTOCOL B6)."""
