"""The steps of a login, reauthentication and logout."""
