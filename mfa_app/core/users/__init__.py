"""User accounts: create, invite, find, change."""
