"""Floor 2: the rules and the actions. Nothing here knows requests, forms or sentences."""
