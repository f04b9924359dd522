"""Running the installation: health checks, backup, key rotation, housekeeping."""
