"""Too many attempts: limits, counters, and who is blocked now."""
