"""Locking an account through a link from an email, and the page that says what comes next."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.auth.forms import LinkForm
from mfa_app.auth.one_time_link import find_opened_link, forget_opened_link, keep_to_link
from mfa_app.core.common import clock
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import account_lock
from mfa_app.web.security.access_rules import public
from mfa_app.web.security.cookies import note_own_change
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form


@blueprint.route("/lock", methods=["GET", "POST"])
@public
def lock_account() -> ResponseReturnValue:
    """Lock the account of the link's owner, whoever is logged in here. Opening the page changes nothing."""
    form, now = LinkForm(), clock.now()
    link, user = find_opened_link(Purpose.ACCOUNT_LOCK, now=now)
    if user.account_locked_at is not None:
        return redirect(url_for("auth.account_locked"))
    keep_to_link(form, link)
    if form.validate_on_submit():
        note_own_change(user, account_lock.lock_by_link(link, user, actor=current_actor(), now=now))
        forget_opened_link()
        return redirect(url_for("auth.account_locked"))
    return render_form("auth/lock_account.html", form, email=user.email)


@blueprint.get("/locked")
@public
def account_locked() -> ResponseReturnValue:
    """What has ended with an account that its owner has locked, and who opens it again."""
    return render_template("auth/account_locked.html")
