"""From which severity on a detector breaks: scenarios rehearsed on known customers."""
