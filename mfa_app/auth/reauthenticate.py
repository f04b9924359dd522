"""Asks for the code (without an app: the password) again within a session."""

from flask import Response

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ConfirmByCodeForm, ConfirmByPasswordForm
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.login import reauthentication
from mfa_app.core.policy.decision import Verdict
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.forms import render_form


@blueprint.route("/login/again", methods=["GET", "POST"])
@admits(Verdict.ALLOW, Verdict.ENROL)
def reauthenticate() -> Response:
    """Reauthenticate by code (without an authenticator: password) before pages that can change security."""
    identity = current_identity()
    ask = "code" if identity.subject.authenticator else "password"
    form = ConfirmByCodeForm() if ask == "code" else ConfirmByPasswordForm()
    if form.validate_on_submit():
        confirm = reauthentication.confirm_by_code if ask == "code" else reauthentication.confirm_by_password
        with form.refusing():
            signed_in = confirm(identity, form[ask].data, actor=current_actor(), now=clock.now())
            return signed_in_response(signed_in)
    linking = identity.decision.verdict is Verdict.ENROL
    return render_form("auth/reauthenticate.html", form, ask=ask, email=identity.user.email, linking=linking)
