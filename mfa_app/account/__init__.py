"""The door for a user's own pages."""

from flask import Blueprint

blueprint = Blueprint("account", __name__)

from mfa_app.account import authenticator, devices, home, overview, password, recovery_codes, sessions  # noqa: E402, F401 (their routes)
