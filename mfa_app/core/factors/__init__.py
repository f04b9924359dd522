"""Second factors: enrolling an authenticator and checking its codes."""
