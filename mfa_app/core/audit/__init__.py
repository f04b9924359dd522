"""The audit trail: written by one function, chained, verified, streamed and searched."""
