"""How an action on a user is answered: a sentence on the page of that user, or a one-time link to pass on."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.core.common import clock
from mfa_app.core.helpdesk import next_login
from mfa_app.core.helpdesk.next_login import NextLogin
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.operations import site_values
from mfa_app.models import User
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.web.security.current import current_actor
from mfa_app.wording.lookalikes import lookalike_warning


def warn_of_lookalikes(user: User) -> None:
    """Warn if the email address has letters that look like others."""
    warning = lookalike_warning(user.email)
    if warning is not None:
        flash(warning, "warning")


def to_page_of(user: User, done: str | None = None) -> ResponseReturnValue:
    """Redirect to the user's page, which says what was done, if anything was."""
    if done:
        flash(done, "success")
    return redirect(url_for("admin.user", user_id=user.id))


def shows_links() -> bool:
    """Return True if the answer shows a new one-time link, because there is no mail server."""
    return site_values.current().smtp_url is None


def after_sending(token: str, user: User, *, another: str | None = None) -> ResponseReturnValue:
    """Answer after a user got a new one-time link: redirect to the form for `another`, or to the user's page.

    Without a mail server the answer itself shows the link, this once. It must be in no redirect and in no
    cookie: both are kept.
    """
    if not shows_links():
        flash(_on_its_way(user), "info")
        return redirect(another) if another else to_page_of(user)
    one_time_links.note_shown(user, actor=current_actor())
    purpose = Purpose.ENROLMENT if user.password_hash else Purpose.INVITATION
    return render_template(
        "admin/users/link.html",
        person=user,
        link=site()[Settings].public_url + url_for("auth.follow_link", token=token),
        invites=purpose is Purpose.INVITATION,
        until=clock.now() + LIFETIME[purpose],
        another=another,
    )


def _on_its_way(user: User) -> str:
    if user.password_hash is None:
        return _(
            "An invitation with a link to choose a password is on its way to %(email)s.", email=user.email
        )
    return _("A link to set up an authentication app is on its way to %(email)s.", email=user.email)


def what_was_reset(user: User) -> str:
    """Return what a reset has done, and what the next login takes now."""
    takes = next_login.after_reset(user, now=clock.now())
    if takes is NextLogin.ACCESS_PASS:
        return _(
            "2-factor authentication reset for %(name)s, who needs an access pass to link a new app.",
            name=user.name,
        )
    if takes is NextLogin.EXEMPT:
        return _(
            "2-factor authentication reset for %(name)s, who is exempt and logs in with the password alone.",
            name=user.name,
        )
    return _("2-factor authentication reset for %(name)s.", name=user.name)
