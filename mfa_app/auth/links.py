"""What single-use links open: the first set-up, an invitation, a new password."""

from flask import Response, current_app, flash, make_response, redirect, render_template, session, url_for
from flask_babel import gettext as _

from mfa_app.auth import blueprint
from mfa_app.auth.forms import ChoosePasswordForm, ForgottenForm, SetupForm
from mfa_app.core import accounts, clock, credentials, links
from mfa_app.core.accounts import Profile
from mfa_app.core.errors import Busy, LinkExpired, Refusal, Throttled, UnacceptablePassword
from mfa_app.core.links import Purpose
from mfa_app.models import Role
from mfa_app.web.actors import current_actor
from mfa_app.web.cookies import hand_over
from mfa_app.web.errors import error_page
from mfa_app.web.fields import page
from mfa_app.web.marks import public

LINK = "link"  # where the token waits in the signed form cookie, so that addresses stay clean
PASSWORD_LINKS = (Purpose.INVITATION, Purpose.PASSWORD_RESET)


@blueprint.get("/link/<token:token>")
@public
def follow_link(token: str) -> Response:
    """Take the token out of the address, so that neither history nor Referer has it, and go on."""
    try:
        link, _user = links.find(token, *Purpose, now=clock.now())
    except LinkExpired:
        return _expired()
    session[LINK] = token
    return redirect(url_for("auth.setup" if link.purpose == Purpose.SETUP else "auth.choose_password"))


@blueprint.route("/setup", methods=["GET", "POST"])
@public
def setup() -> Response:
    """Make the first administrator, who then links an app at once."""
    form, now = SetupForm(), clock.now()
    try:
        link, _user = links.find(session.get(LINK, ""), Purpose.SETUP, now=now)
    except LinkExpired:
        return _expired()
    if form.validate_on_submit():
        profile = Profile(form.email.data, form.name.data, Role.ADMIN)
        try:
            administrator = accounts.create_first_administrator(
                link, profile, form.password.data, actor=current_actor(), now=now
            )
            session.clear()
            hand_over(administrator)
            return redirect(url_for("enrolment.link"))
        except Busy:
            raise
        except LinkExpired:
            return _expired()
        except UnacceptablePassword as refusal:
            form.refuse(refusal, "password")
        except Refusal as refusal:
            form.refuse(refusal, "email")
    return page("auth/setup.html", form)


@blueprint.route("/password/choose", methods=["GET", "POST"])
@public
def choose_password() -> Response:
    """Choose a password through a mailed link; the login follows, so the second gate stays where it is."""
    form, now = ChoosePasswordForm(), clock.now()
    try:
        link, user = links.find(session.get(LINK, ""), *PASSWORD_LINKS, now=now)
        if form.is_submitted() and form.link.data != link.id:
            return _another_link()
        form.link.data = link.id
        if form.validate_on_submit():
            credentials.choose(link, user, form.password.data, actor=current_actor(), now=now)
            session.clear()
            flash(_("Your password is saved. Please log in with it."), "success")
            return redirect(url_for("auth.login"))
    except LinkExpired:
        return _expired()
    except UnacceptablePassword as refusal:
        form.refuse(refusal, "password")
    return page("auth/choose_password.html", form, purpose=link.purpose, email=user.email)


@blueprint.route("/password/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> Response:
    """Send a link for a new password; the answer is the same whether the address is known or not."""
    form = ForgottenForm()
    if form.validate_on_submit():
        try:
            credentials.request_reset(
                form.email.data, blinding=current_app.secret_key, actor=current_actor(), now=clock.now()
            )
            return make_response(render_template("auth/forgotten_sent.html"))
        except Throttled as refusal:
            form.refuse(refusal)
    return page("auth/forgotten.html", form)


def _another_link() -> Response:
    """Answer a page whose link is not this browser's latest: the password would be somebody else's."""
    session.pop(LINK, None)
    heading = _("Please open the link once more")
    text = _(
        "Another link was opened in this browser after this page, so nothing was saved. "
        "Please open the link in your mail once more, and choose your password there."
    )
    return error_page(400, heading, text)


def _expired() -> Response:
    session.pop(LINK, None)
    return make_response(render_template("auth/link_expired.html"), 410)
