"""The page on which an administrator who has nothing but the password enters a break-glass code."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import BreakGlassForm
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.login.break_glass_step import open_with_code
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.security.gate import LANDING_PAGES, deny
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form


@blueprint.route("/login/break-glass", methods=["GET", "POST"])
@admits(Verdict.CHALLENGE, Verdict.AWAIT_LINK)
def break_glass() -> ResponseReturnValue:
    """Take a break-glass code from an administrator, who links a new app next."""
    form, identity = BreakGlassForm(), current_identity()
    if not may(identity.user.role, Permission.BREAK_GLASS):
        deny()
    if form.validate_on_submit():
        with form.refusing():
            signed_in = open_with_code(
                identity, entered(form.code.data), actor=current_actor(), now=clock.now()
            )
            return _answer(signed_in)
    back = url_for(LANDING_PAGES[identity.decision.verdict], next=request.args.get("next"))
    return render_form("auth/break_glass.html", form, email=identity.user.email, back=back)


def _answer(signed_in: SignedIn) -> ResponseReturnValue:
    """Redirect to the page that sets up a new factor, which says why."""
    response = signed_in_response(signed_in)
    said = _(
        "The break-glass code is used up, and your earlier apps, passkeys and recovery codes are removed. "
        "Set up a new app or passkey now."
    )
    flash(said, "info")
    return response
