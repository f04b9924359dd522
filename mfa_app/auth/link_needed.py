"""The page where those stop who need more than the password to link a first app: how to get a link for it."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.login import link_step
from mfa_app.core.policy.decision import Verdict
from mfa_app.models import LinkProof
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_identity


@blueprint.get("/login/link-needed")
@admits(Verdict.AWAIT_LINK)
def link_needed() -> ResponseReturnValue:
    """Say whom to ask for a link, and the engineer's command. After a reset lead to the page that follows."""
    identity = current_identity()
    if link_step.waits_for_proof(identity):
        by_email = link_step.takes(identity, LinkProof.EMAIL_CODE)
        page = "auth.email_code" if by_email else "auth.access_pass"
        return redirect(url_for(page, next=request.args.get("next")))
    user = identity.user
    break_glass = may(user.role, Permission.BREAK_GLASS)
    return render_template("auth/link_needed.html", email=user.email, break_glass=break_glass)
