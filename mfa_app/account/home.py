"""The home page: links to the platform's applications."""

from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from mfa_app.account import blueprint
from mfa_app.models import Role
from mfa_app.web.security.current import current_identity


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The user's name, and the platform's applications."""
    identity = current_identity()
    return render_template(
        "account/home.html",
        applications=current_app.config["SETTINGS"].applications,
        enrol_by=identity.decision.enrol_by,
        is_admin=identity.user.role == Role.ADMIN,
    )
