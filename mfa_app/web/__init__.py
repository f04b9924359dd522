"""Floor 4: what all pages share."""
