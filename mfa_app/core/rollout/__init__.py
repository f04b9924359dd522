"""The roll-out of 2-factor authentication: how far people have come, and what reminds them."""
