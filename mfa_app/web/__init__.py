"""Floor 3: what all pages share. The only floor besides the blueprints that knows of requests."""
