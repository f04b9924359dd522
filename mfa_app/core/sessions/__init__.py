"""Sessions: start, find, elevate, end; and what a change revokes."""
