"""The home page: links to the platform's applications."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mfa_app.account import blueprint
from mfa_app.core.common import clock
from mfa_app.core.operations import site_values
from mfa_app.core.policy.decision import set_up_by
from mfa_app.models import Role
from mfa_app.web.security.current import current_identity
from mfa_app.wording.policy import exemption


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The user's name, what ends or must be done by a day, and the platform's applications."""
    identity = current_identity()
    return render_template(
        "account/home.html",
        applications=site_values.current().applications,
        set_up_by=set_up_by(identity.decision, identity.subject.facts),
        exemption=exemption(identity.subject.facts, clock.now()),
        linked=identity.subject.facts.linked,
        is_admin=identity.user.role == Role.ADMIN,
    )
