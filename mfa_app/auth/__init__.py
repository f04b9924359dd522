"""The door for logging in and out, and for mailed one-time links."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)

from mfa_app.auth import (  # noqa: E402, F401 (their routes)
    account_lock,
    break_glass,
    code,
    expired_link,
    help_request,
    link_login,
    link_needed,
    link_proof,
    login,
    logo,
    logout,
    lost_app,
    one_time_link,
    passkey,
    password_forgotten,
    password_link,
    reauthenticate,
    setup,
)
