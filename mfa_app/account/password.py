"""Changing one's own password."""

from flask import Response, flash, redirect, url_for
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.account.forms import ChangePasswordForm
from mfa_app.core.common import clock
from mfa_app.core.common.errors import HashingQueueFull, PasswordLocked, Refusal, Throttled, WrongPassword
from mfa_app.core.passwords import attempts, change
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.forms import render_form


@blueprint.route("/account/password", methods=["GET", "POST"])
@requires_recent_auth
def password() -> Response:
    """Change the password. The current one is required, and all other access is revoked."""
    form, identity = ChangePasswordForm(), current_identity()
    if form.validate_on_submit():
        facts = {"actor": current_actor(), "now": clock.now()}
        try:
            attempts.check_own_password(identity.user, form.current.data, **facts)
            issue_cookies(change.change_own(identity, form.password.data, **facts))
            flash(_("Password changed. You have been logged out everywhere else."), "success")
            return redirect(url_for("account.overview"))
        except HashingQueueFull:
            raise
        except (WrongPassword, Throttled, PasswordLocked) as refusal:
            form.refuse(refusal, "current")
        except Refusal as refusal:
            form.refuse(refusal, "password")
    return render_form("account/password.html", form)
