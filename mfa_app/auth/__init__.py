"""The two gates, the way out, and the links that a mail brings."""

from flask import Blueprint

blueprint = Blueprint("auth", __name__)

from mfa_app.auth import links, views  # noqa: E402, F401 (their routes)
