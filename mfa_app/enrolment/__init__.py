"""Linking an authentication app."""

from flask import Blueprint

blueprint = Blueprint("enrolment", __name__)

from mfa_app.enrolment import views  # noqa: E402, F401 (its routes)
