"""`second-gate doctor`: its command, and what it checks besides the checks of /readyz."""
