"""Long runs against the site as it is served: what `make test` has no time for."""
