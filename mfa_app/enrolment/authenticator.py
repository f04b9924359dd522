"""The enrolment page: a QR code, a code field and the button Enable."""

import math
from datetime import datetime

from flask import Response, flash, redirect, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.core.common import clock
from mfa_app.core.common.errors import AlreadyEnrolled
from mfa_app.core.factors import enrolment, totp
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.sessions import Identity
from mfa_app.enrolment import blueprint
from mfa_app.enrolment.forms import EnableForm
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.web.http.redirects import next_page
from mfa_app.web.security.access_rules import admits, requires_recent_auth
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui import qr
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.policy import why_linked
from mfa_app.wording.refusals import sentence

GROUP_OF_FOUR = 4


@blueprint.route("/enrolment", methods=["GET", "POST"])
@admits(Verdict.ENROL, Verdict.ALLOW)
@requires_recent_auth
def authenticator() -> ResponseReturnValue:
    """Show the QR code until a code proves that an app has scanned it; then complete the login."""
    form, identity = EnableForm(), current_identity()
    if form.validate_on_submit():
        with form.refusing():
            signed_in = enrolment.confirm(
                identity, entered(form.code.data), actor=current_actor(), now=clock.now()
            )
            session.clear()
            issue_cookies(signed_in)
            flash(
                _("The platform is now linked to your authentication app. You are now logged in."), "success"
            )
            return redirect(next_page())
    return _enrolment_page(form, identity, clock.now())


@blueprint.errorhandler(AlreadyEnrolled)
def already_enrolled(refusal: AlreadyEnrolled) -> ResponseReturnValue:
    """Let a user go on whose app was linked meanwhile, in another tab or by a double click."""
    flash(sentence(refusal), "info")
    return redirect(next_page())


def _enrolment_page(form: EnableForm, identity: Identity, now: datetime) -> Response:
    pending = enrolment.begin(identity, now=now)
    seconds_left = math.ceil((pending.expires_at - now).total_seconds())
    uri = totp.provisioning_uri(pending.secret, account=identity.user.email, issuer=site()[Settings].issuer)
    secret = pending.secret
    return render_form(
        "enrolment/authenticator.html",
        form,
        qr=qr.data_uri(uri),
        otpauth_uri=uri,
        secret_groups=[secret[i : i + GROUP_OF_FOUR] for i in range(0, len(secret), GROUP_OF_FOUR)],
        expires_at=pending.expires_at,
        expires_seconds=seconds_left,
        expires_minutes=math.ceil(seconds_left / 60),
        because=why_linked(identity.decision.because),
        by_choice=identity.decision.verdict is Verdict.ALLOW,
        replacing=identity.subject.authenticator is not None,
        account=identity.user.email,
    )
