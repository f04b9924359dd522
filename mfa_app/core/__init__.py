"""Floor 2: the rules and the verbs. Nothing here knows of requests, forms or pages."""
