"""`second-gate demo`: a made-up company to try the site with."""
