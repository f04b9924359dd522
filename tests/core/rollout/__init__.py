"""The roll-out: how far people have come, reminders, and the emails about rules."""
