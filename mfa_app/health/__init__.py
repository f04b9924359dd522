"""How the site is, told to machines that watch it: alive, ready, and in numbers."""

from flask import Blueprint

blueprint = Blueprint("health", __name__)

from mfa_app.health import views  # noqa: E402, F401 (its routes)
