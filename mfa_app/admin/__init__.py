"""Administration and help desk."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

from mfa_app.admin import (  # noqa: E402, F401 (their routes)
    groups,
    overview,
    people,
    person,
    person_policy,
    policy,
    throttled,
    trail,
)
