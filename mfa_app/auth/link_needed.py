"""The page that tells administrators and the help desk how to get the link that a first app needs."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.policy.decision import Verdict
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_identity


@blueprint.get("/login/link-needed")
@admits(Verdict.AWAIT_LINK)
def link_needed() -> ResponseReturnValue:
    """Say whom to ask for a link, and the engineer's command."""
    user = current_identity().user
    break_glass = may(user.role, Permission.BREAK_GLASS)
    return render_template("auth/link_needed.html", email=user.email, break_glass=break_glass)
