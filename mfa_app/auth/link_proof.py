"""The pages that take, after a reset, what somebody shows besides the password before linking a new app."""

from datetime import timedelta

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from mfa_app.auth import blueprint
from mfa_app.auth.forms import AccessPassForm, EmailCodeForm
from mfa_app.auth.responses import signed_in_response
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.factors.link_proofs import EMAIL_CODE_LASTS
from mfa_app.core.login import link_step
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.models import LinkProof
from mfa_app.web.security.access_rules import admits
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals, render_form


@blueprint.route("/login/access-pass", methods=["GET", "POST"])
@admits(Verdict.AWAIT_LINK)
def access_pass() -> ResponseReturnValue:
    """Take the access pass that the help desk has read out. The page never says whether there is one."""
    form, identity = AccessPassForm(), current_identity()
    if not link_step.waits_for_proof(identity):
        return redirect(url_for("auth.link_needed", next=request.args.get("next")))
    if form.validate_on_submit():
        with form.refusing():
            return signed_in_response(_open_with(identity, LinkProof.ACCESS_PASS, form.code))
    return render_form("auth/access_pass.html", form, **_words(identity))


@blueprint.route("/login/email-code", methods=["GET", "POST"])
@admits(Verdict.AWAIT_LINK)
def email_code() -> ResponseReturnValue:
    """Take the code that was emailed. Where none is on its way, the page has one sent."""
    form, identity, now = EmailCodeForm(), current_identity(), clock.now()
    if not link_step.takes(identity, LinkProof.EMAIL_CODE):
        return redirect(url_for("auth.link_needed", next=request.args.get("next")))
    if form.validate_on_submit():
        with form.refusing():
            return signed_in_response(_open_with(identity, LinkProof.EMAIL_CODE, form.code))
    sent = form.is_submitted() or link_step.code_was_sent(identity, now=now)
    asked = "asked" in request.args
    minutes = EMAIL_CODE_LASTS // timedelta(minutes=1)
    return render_form(
        "auth/email_code.html", form, **_words(identity), sent=sent, asked=asked, minutes=minutes
    )


@blueprint.post("/login/email-code/send")
@admits(Verdict.AWAIT_LINK)
def send_email_code() -> ResponseReturnValue:
    """Email a code to whoever waits for one."""
    with flash_refusals():
        link_step.send_code(current_identity(), actor=current_actor(), now=clock.now())
    return redirect(url_for("auth.email_code", asked=1, next=request.args.get("next")))


def _words(identity: Identity) -> dict[str, object]:
    user = identity.user
    return {
        "email": user.email,
        "stopped": user.factors_locked_at is not None,
        "break_glass": may(user.role, Permission.BREAK_GLASS),
    }


def _open_with(identity: Identity, proof: LinkProof, field: StringField) -> SignedIn:
    typed = entered(field.data)
    return link_step.open_with(identity, proof, typed, actor=current_actor(), now=clock.now())
