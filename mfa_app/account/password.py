"""Changing one's own password."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.account import blueprint
from mfa_app.account.forms import ChangePasswordForm
from mfa_app.core.common import clock
from mfa_app.core.passwords import change
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.cookies import issue_cookies
from mfa_app.web.security.current import current_actor, current_identity
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import render_form


@blueprint.route("/account/password", methods=["GET", "POST"])
@requires_recent_auth
def password() -> ResponseReturnValue:
    """Change the password. The current one is required, and all other access is revoked."""
    form, identity, actor, now = ChangePasswordForm(), current_identity(), current_actor(), clock.now()
    if form.validate_on_submit():
        with form.refusing():
            current, new = entered(form.current.data), entered(form.password.data)
            issue_cookies(change.change_own(identity, new, current=current, actor=actor, now=now))
            flash(_("Password changed. You have been logged out everywhere else."), "success")
            return redirect(url_for("account.overview"))
    return render_form("account/password.html", form)
