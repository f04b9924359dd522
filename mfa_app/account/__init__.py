"""A person's own pages: home, and the account with its devices and sessions."""

from flask import Blueprint

blueprint = Blueprint("account", __name__)

from mfa_app.account import views  # noqa: E402, F401 (its routes)
