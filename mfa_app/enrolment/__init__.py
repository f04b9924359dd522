"""The door for linking an authentication app."""

from flask import Blueprint

blueprint = Blueprint("enrolment", __name__)

from mfa_app.enrolment import authenticator  # noqa: E402, F401 (their routes)
