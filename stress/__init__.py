"""Long runs against the served site, which would take too long for `make test`."""
