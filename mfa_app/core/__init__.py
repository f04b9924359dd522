"""Floor 2: the rules and the verbs. Nothing here knows requests, forms or sentences."""
