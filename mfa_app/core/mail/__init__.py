"""Mail to users: the outbox, and the one-time links in it."""
