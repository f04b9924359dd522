"""`flask demo`: a made-up company to try the site with."""
