"""The linking page: a QR code, a code, and the button Enable."""

import math

from flask import Response, current_app, flash, redirect, session
from flask_babel import gettext as _

from mfa_app.core import clock, enrolment, totp
from mfa_app.core.errors import AlreadyLinked, PendingLinkExpired, Refusal, SessionOver
from mfa_app.core.policy import Verdict
from mfa_app.enrolment import blueprint
from mfa_app.enrolment.forms import EnableForm
from mfa_app.web import qr
from mfa_app.web.actors import current_actor, current_identity
from mfa_app.web.cookies import hand_over
from mfa_app.web.fields import page
from mfa_app.web.marks import admits, recent
from mfa_app.web.messages import sentence
from mfa_app.web.policy_words import why_linked
from mfa_app.web.redirects import next_page

GROUP_OF_FOUR = 4


@blueprint.route("/enrolment", methods=["GET", "POST"])
@admits(Verdict.ENROL, Verdict.ALLOW)
@recent
def link() -> Response:
    """Show the QR code until a code proves that an app has read it; then the person is in."""
    form, identity = EnableForm(), current_identity()
    try:
        if form.validate_on_submit():
            signed_in = enrolment.confirm(identity, form.code.data, actor=current_actor(), now=clock.now())
            session.clear()
            hand_over(signed_in)
            flash(
                _("The platform is now linked to your authentication app. You are now logged in."), "success"
            )
            return redirect(next_page())
    except AlreadyLinked as refusal:
        flash(sentence(refusal), "info")
        return redirect(next_page())
    except SessionOver:
        raise
    except PendingLinkExpired as refusal:
        form.refuse(refusal)
    except Refusal as refusal:
        form.refuse(refusal, "code")
    return _linking_page(form)


def _linking_page(form: EnableForm) -> Response:
    identity = current_identity()
    now = clock.now()
    pending = enrolment.begin(identity, now=now)
    seconds_left = math.ceil((pending.expires_at - now).total_seconds())
    uri = totp.provisioning_uri(
        pending.secret, account=identity.user.email, issuer=current_app.config["SETTINGS"].site_name
    )
    secret = pending.secret
    return page(
        "enrolment/link.html",
        form,
        qr=qr.data_uri(uri),
        otpauth_uri=uri,
        secret_groups=[secret[i : i + GROUP_OF_FOUR] for i in range(0, len(secret), GROUP_OF_FOUR)],
        expires_at=pending.expires_at,
        expires_seconds=seconds_left,
        expires_minutes=math.ceil(seconds_left / 60),
        because=why_linked(identity.decision.because),
        by_choice=identity.decision.verdict is Verdict.ALLOW,
        replacing=identity.person.authenticator is not None,
        account=identity.user.email,
    )
