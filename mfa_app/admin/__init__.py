"""The door for administration and help desk."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

from mfa_app.admin import (  # noqa: E402
    audit,  # noqa: F401 (their routes)
    break_glass,  # noqa: F401
    exemptions,  # noqa: F401
    groups,  # noqa: F401
    help_requests,  # noqa: F401
    imports,  # noqa: F401
    mails,  # noqa: F401
    overview,  # noqa: F401
    policy,  # noqa: F401
    rollout,  # noqa: F401
    site,  # noqa: F401
    throttling,  # noqa: F401
    users,  # noqa: F401
)
