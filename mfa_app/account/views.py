"""The home page, and what people see and change about their own account."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort, current_app, flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.account import blueprint
from mfa_app.account.forms import ChangePasswordForm
from mfa_app.core import clock, credentials, devices, enrolment, login, password_tries, policy, sessions
from mfa_app.core.errors import Busy, PasswordClosed, Refusal, SessionOver, Throttled, WrongPassword
from mfa_app.core.sessions import Identity
from mfa_app.models import AuthSession, Role, TrustedDevice
from mfa_app.web.actors import current_actor, current_identity
from mfa_app.web.browsers import browser_name
from mfa_app.web.cookies import hand_over, take_back_session
from mfa_app.web.fields import page
from mfa_app.web.marks import recent
from mfa_app.web.messages import sentence
from mfa_app.web.policy_words import why


@dataclass(frozen=True)
class Place:
    """A session or a remembered device, as the page shows it."""

    id: str
    browser: str
    place: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


@blueprint.get("/")
def home() -> str:
    """Who somebody is, and the platform's applications."""
    identity = current_identity()
    return render_template(
        "account/home.html",
        applications=current_app.config["SETTINGS"].applications,
        enrol_by=identity.decision.enrol_by,
        is_admin=identity.user.role == Role.ADMIN,
    )


@blueprint.get("/account")
@recent
def overview() -> str:
    """The person's own account, with its app, remembered devices and sessions."""
    identity, now = current_identity(), clock.now()
    user = identity.user
    here = identity.session
    return render_template(
        "account/account.html",
        person=user,
        groups=[group.name for group in identity.person.groups],
        second_factor=_second_factor(identity, now),
        devices=[
            _place(device, device.last_used_at, device.id == here.device_id)
            for device in devices.of_person(user, now=now)
        ],
        sessions=[
            _place(other, other.last_seen_at, other.id == here.id)
            for other in sessions.of_person(user, now=now)
        ],
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
@recent
def password() -> Response:
    """Change the password; the current one is asked for, and all other access ends."""
    form, identity = ChangePasswordForm(), current_identity()
    if form.validate_on_submit():
        facts = {"actor": current_actor(), "now": clock.now()}
        try:
            password_tries.check_own(identity.user, form.current.data, **facts)
            hand_over(credentials.change_own(identity, form.password.data, **facts))
            flash(_("Your password is changed. You have been logged out everywhere else."), "success")
            return redirect(url_for("account.overview"))
        except Busy:
            raise
        except (WrongPassword, Throttled, PasswordClosed) as refusal:
            form.refuse(refusal, "current")
        except Refusal as refusal:
            form.refuse(refusal, "password")
    return page("account/password.html", form)


@blueprint.post("/account/authenticator/remove")
@recent
def remove_authenticator() -> Response:
    """Switch 2FA off for oneself, where nobody requires it."""
    try:
        hand_over(enrolment.remove(current_identity(), actor=current_actor(), now=clock.now()))
        flash(_("2-factor authentication is switched off. You can delete the entry in your app."), "success")
    except SessionOver:
        raise
    except Refusal as refusal:
        flash(sentence(refusal), "danger")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/authenticator/keep")
@recent
def keep_asking() -> Response:
    """Be asked for a code by choice."""
    try:
        enrolment.keep_asking(current_identity(), actor=current_actor())
        flash(_("From now on you are asked for a code when you log in."), "success")
    except Refusal as refusal:
        flash(sentence(refusal), "danger")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/devices/<random:device_id>/forget")
@recent
def forget_device(device_id: str) -> Response:
    """Forget one remembered device."""
    if not devices.forget(current_identity().user, actor=current_actor(), device_id=device_id):
        abort(404)
    flash(_("That device is forgotten: the next login on it asks for a code."), "success")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/devices/forget")
@recent
def forget_devices() -> Response:
    """Forget all remembered devices."""
    count = devices.forget(current_identity().user, actor=current_actor())
    flash(ngettext("%(num)s device is forgotten.", "%(num)s devices are forgotten.", count), "success")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/sessions/<random:session_id>/end")
@recent
def end_session(session_id: str) -> Response:
    """Log out in one other place."""
    if not login.log_out_elsewhere(current_identity(), session_id, actor=current_actor()):
        abort(404)
    flash(_("That session is logged out."), "success")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/sessions/end")
@recent
def end_sessions() -> Response:
    """Log out everywhere, here too, and forget all remembered devices."""
    login.log_out_everywhere(current_identity(), actor=current_actor())
    session.clear()
    take_back_session()
    flash(_("You are logged out everywhere."), "success")
    return redirect(url_for("auth.login"))


def _second_factor(identity: Identity, now: datetime) -> dict[str, object]:
    authenticator, facts = identity.person.authenticator, identity.person.facts
    linked, required = authenticator is not None, enrolment.is_required(identity, now)
    asked = policy.is_asked(facts, now=now)
    return {
        "linked": linked,
        "since": authenticator.linked_at if linked else None,
        "because": why(identity.decision.because),
        "asked": asked,
        "enrol_by": identity.decision.enrol_by,
        "may_link": not linked,
        "may_remove": linked and not required,
        "may_replace": linked,
        "may_keep": linked and not required and not authenticator.by_choice,
    }


def _place(row: AuthSession | TrustedDevice, used_at: datetime, current: bool) -> Place:
    return Place(
        row.id, browser_name(row.user_agent), row.address, row.created_at, used_at, row.expires_at, current
    )
