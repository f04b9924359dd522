"""Browsers: remembered devices and known browsers."""
