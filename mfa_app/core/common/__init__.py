"""What every room needs: the clock, refusals, actors, locks, tokens, permissions."""
