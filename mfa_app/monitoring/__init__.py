"""The door for machines that watch the site: alive, ready, and in numbers."""

from flask import Blueprint

blueprint = Blueprint("monitoring", __name__)

from mfa_app.monitoring import views  # noqa: E402, F401 (their routes)
