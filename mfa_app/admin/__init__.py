"""The door for administration and help desk."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

from mfa_app.admin import audit, break_glass, groups, overview, policy, throttling, users  # noqa: E402, F401 (their routes)
