"""Asks for the code (without an app: the password) again within a session."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ConfirmByCodeForm, ConfirmByPasswordForm
from mfa_app.auth.responses import signed_in_response
from mfa_app.auth.second_gate import confirm
from mfa_app.core.common import clock
from mfa_app.core.login import reauthentication
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form
from mfa_app.web.ui.passkeys import passkey_words, refusing_codes, ways_of


@blueprint.route("/login/again", methods=["GET", "POST"])
@admits(Verdict.ALLOW, Verdict.ENROL, Verdict.ADD_PASSKEY)
def reauthenticate() -> ResponseReturnValue:
    """Reauthenticate by code (without an authenticator: password) before pages that can change security."""
    identity = current_identity()
    ask = "code" if identity.subject.facts.linked else "password"
    form = ConfirmByCodeForm() if ask == "code" else ConfirmByPasswordForm()
    if form.validate_on_submit():
        with refusing_codes(form, identity) if ask == "code" else form.refusing():
            return signed_in_response(_confirm(form, identity))
    if request.method == "POST" and ask == "code" and not ways_of(identity)["app"]:
        return redirect(url_for("auth.reauthenticate", next=request.args.get("next")))
    linking = identity.decision.verdict is Verdict.ENROL
    words = {"email": identity.user.email, **passkey_words(identity), **ways_of(identity)}
    return render_form("auth/reauthenticate.html", form, ask=ask, linking=linking, **words)


def _confirm(form: ConfirmByCodeForm | ConfirmByPasswordForm, identity: Identity) -> SignedIn:
    if isinstance(form, ConfirmByCodeForm):
        return confirm(identity, entered(form.code.data))
    password, actor = entered(form.password.data), current_actor()
    return reauthentication.confirm_by_password(identity, password, actor=actor, now=clock.now())
