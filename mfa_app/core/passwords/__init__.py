"""Passwords: strength, hashing, attempts, change and reset."""
