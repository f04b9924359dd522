"""Switching one's own 2-factor authentication on or off, where it is not required."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.core.common import clock
from mfa_app.core.factors import enrolment
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.forms import flash_refusals


@blueprint.post("/account/authenticator/remove")
@requires_recent_auth
def remove_authenticator() -> ResponseReturnValue:
    """Switch 2FA off for oneself, if no policy requires it."""
    with flash_refusals():
        issue_cookies(enrolment.remove(current_identity(), actor=current_actor(), now=clock.now()))
        flash(_("2-factor authentication is switched off. You can delete the entry in your app."), "success")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/authenticator/keep")
@requires_recent_auth
def opt_in() -> ResponseReturnValue:
    """Opt in to codes."""
    with flash_refusals():
        enrolment.opt_in(current_identity(), actor=current_actor())
        flash(_("From now on you'll be asked for a code when you log in."), "success")
    return redirect(url_for("account.overview"))
