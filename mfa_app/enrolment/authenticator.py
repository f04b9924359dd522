"""The enrolment page, for a first app, another or a new phone: QR code, code field and button Enable."""

import math
from datetime import datetime

from flask import Response, flash, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.core.common import clock
from mfa_app.core.common.errors import AlreadyEnrolled, TooManyApps
from mfa_app.core.factors import break_glass, enrolment, totp
from mfa_app.core.policy.decision import Verdict, needs_passkey
from mfa_app.core.sessions.sessions import Identity
from mfa_app.enrolment import blueprint
from mfa_app.enrolment.forms import EnableForm, EnableNamedForm
from mfa_app.models.row_facts import AuthenticatorFacts
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
    """Link a first app, which completes the login, or one more."""
    identity = current_identity()
    return _link(EnableNamedForm() if identity.subject.facts.linked else EnableForm(), identity)


@blueprint.route("/enrolment/<random:app_id>", methods=["GET", "POST"])
@requires_recent_auth
def replacement(app_id: str) -> ResponseReturnValue:
    """Link the app on a new phone in the place of the one on the old phone, which works until then."""
    identity = current_identity()
    old = enrolment.app_of(identity, app_id)
    form = EnableNamedForm(name=old.name) if len(identity.subject.authenticators) > 1 else EnableForm()
    return _link(form, identity, old)


def _link(form: EnableForm, identity: Identity, old: AuthenticatorFacts | None = None) -> ResponseReturnValue:
    """Show the QR code until a code proves that an app has scanned it."""
    if form.validate_on_submit():
        with form.refusing():
            signed_in = enrolment.confirm(
                identity,
                entered(form.code.data),
                name=_name_of(form, old),
                replaces=old.id if old else None,
                actor=current_actor(),
                now=clock.now(),
            )
            session.clear()
            issue_cookies(signed_in)
            flash(_linked(identity, old), "success")
            if identity.subject.facts.linked:
                return redirect(next_page("account.overview"))
            return redirect(url_for("account.recovery_code_set", next=_after_recovery_codes(identity)))
    return _enrolment_page(form, identity, old, clock.now())


def _after_recovery_codes(identity: Identity) -> str:
    """Return where a user with a first app goes on: an administrator first to the site's codes, if due."""
    if break_glass.due_for(identity.user):
        return url_for("admin.break_glass", next=next_page())
    return next_page()


def _name_of(form: EnableForm, old: AuthenticatorFacts | None) -> str | None:
    if isinstance(form, EnableNamedForm):
        return entered(form.name.data)
    return old.name if old else None


def _linked(identity: Identity, old: AuthenticatorFacts | None) -> str:
    if old is not None:
        return _(
            "Your new phone is linked. Delete the entry for %(site)s in the app on the old one. "
            "You've been logged out everywhere else, and your remembered devices are removed.",
            site=site()[Settings].issuer,
        )
    if not identity.subject.facts.linked:
        return _("The platform is now linked to your authentication app. You are now logged in.")
    return _(
        "The app is linked. %(codes)s "
        "You've been logged out everywhere else, and your remembered devices are removed.",
        codes=_what_codes_open(identity),
    )


def _what_codes_open(identity: Identity) -> str:
    """Return what the codes of one more app are good for, beside what this user has had."""
    if needs_passkey(identity.subject.facts, now=clock.now()):
        return _("Only passkeys count for your account, so its codes don't open it at the moment.")
    if not identity.subject.authenticators:
        return _("From now on, a code from it works as well as a passkey.")
    return _("From now on, a code of any of your apps works.")


@blueprint.errorhandler(AlreadyEnrolled)
def already_enrolled(refusal: AlreadyEnrolled) -> ResponseReturnValue:
    """Let a user go on whose app was linked meanwhile, in another tab or by a double click."""
    flash(sentence(refusal), "info")
    return redirect(next_page())


@blueprint.errorhandler(TooManyApps)
def too_many_apps(refusal: TooManyApps) -> ResponseReturnValue:
    """Send back a user who has as many apps as one can have."""
    flash(sentence(refusal), "warning")
    return redirect(url_for("account.overview"))


def _enrolment_page(
    form: EnableForm, identity: Identity, old: AuthenticatorFacts | None, now: datetime
) -> Response:
    pending = enrolment.begin(identity, replaces=old.id if old else None, now=now)
    seconds_left = math.ceil((pending.expires_at - now).total_seconds())
    uri = totp.provisioning_uri(pending.secret, account=identity.user.email, issuer=site()[Settings].issuer)
    secret = pending.secret
    return render_form(
        "enrolment/authenticator.html",
        form,
        qr=qr.data_uri(uri),
        otpauth_uri=uri,
        secret_groups=[secret[i : i + GROUP_OF_FOUR] for i in range(0, len(secret), GROUP_OF_FOUR)],
        expires_seconds=seconds_left,
        expires_minutes=math.ceil(seconds_left / 60),
        because=why_linked(identity.decision.because),
        by_choice=identity.decision.verdict is Verdict.ALLOW,
        replacing=old is not None,
        another=old is None and identity.subject.facts.linked,
        has_app=bool(identity.subject.authenticators),
        passkey_only=needs_passkey(identity.subject.facts, now=now),
        account=identity.user.email,
        public_url=site()[Settings].public_url,
    )
