"""What the help desk does for a locked-out user."""
