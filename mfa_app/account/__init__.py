"""The door for a user's own pages."""

from flask import Blueprint

blueprint = Blueprint("account", __name__)

from mfa_app.account import (  # noqa: E402, F401 (their routes)
    authenticator,
    devices,
    home,
    lock,
    overview,
    passkeys,
    password,
    recovery_codes,
    sessions,
)
