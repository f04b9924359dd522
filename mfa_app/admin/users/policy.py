"""The policy of one user: a personal requirement, an exemption with an end date, or a later deadline."""

from datetime import date, datetime

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.policy_forms import OTHER_DAY, DeadlineForm, ExemptionForm
from mfa_app.admin.users.responses import to_page_of
from mfa_app.core.common import clock, days
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy import overrides
from mfa_app.core.policy.facts import PolicySubject, with_overrides
from mfa_app.models import User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals, render_form
from mfa_app.wording.policy import policy_explanation


@blueprint.route("/people/<row:user_id>/policy", methods=["GET", "POST"])
@requires(Permission.MANAGE_POLICY)
def user_policy(user_id: int) -> ResponseReturnValue:
    """Show the policy in force and its reason; save an exemption, or a change of one."""
    actor, now = current_actor(), clock.now()
    found = get_user_or_deny(user_id, to_change=request.method == "POST")
    form = ExemptionForm(data=_exemption_in_force(found.user, now))
    form.offer()
    if form.validate_on_submit():
        return _exempt(found.user, form)
    return render_form(
        "admin/users/policy.html",
        form,
        person=found.user,
        afterwards=_afterwards(found, now),
        standing=policy_explanation(found, now),
        deadline=DeadlineForm(formdata=None),
        today=days.day_of(now),
        latest_deadline=overrides.latest_deadline(now),
        exempt=_exemption_in_force(found.user, now) is not None,
        may_exempt=actor.may_act_on(found.user),
    )


@blueprint.post("/people/<row:user_id>/policy/require")
@requires(Permission.MANAGE_POLICY)
def require_of_user(user_id: int) -> ResponseReturnValue:
    """Require 2FA of this user, whatever the groups say."""
    return _set_requirement(user_id, True)


@blueprint.post("/people/<row:user_id>/policy/release")
@requires(Permission.MANAGE_POLICY)
def release_user(user_id: int) -> ResponseReturnValue:
    """Remove the personal requirement, so that the groups decide again."""
    return _set_requirement(user_id, False)


@blueprint.post("/people/<row:user_id>/policy/end-exemption")
@requires(Permission.MANAGE_POLICY)
def end_exemption(user_id: int) -> ResponseReturnValue:
    """End the user's exemption now."""
    user = get_user_or_deny(user_id).user
    overrides.end_exemption(user, actor=current_actor(), now=clock.now())
    return to_page_of(user, _("Exemption ended."))


@blueprint.post("/people/<row:user_id>/policy/deadline")
@requires(Permission.MANAGE_POLICY)
def set_deadline(user_id: int) -> ResponseReturnValue:
    """Let this user be without an app until the end of a day."""
    form = DeadlineForm()
    if form.validate_on_submit():
        return _set_deadline(user_id, entered(form.last_day.data), _("Deadline saved."))
    flash(_("Not saved: choose the last day of the deadline."), "danger")
    return to_page_of(get_user_or_deny(user_id).user)


@blueprint.post("/people/<row:user_id>/policy/end-deadline")
@requires(Permission.MANAGE_POLICY)
def end_deadline(user_id: int) -> ResponseReturnValue:
    """Take away the user's own deadline, so that the dates of the rules count again."""
    return _set_deadline(user_id, None, _("Deadline ended."))


def _set_deadline(user_id: int, last_day: date | None, done: str) -> ResponseReturnValue:
    user = get_user_or_deny(user_id).user
    with flash_refusals():
        overrides.set_deadline(user, last_day, actor=current_actor(), now=clock.now())
        return to_page_of(user, done)
    return to_page_of(user)


def _exempt(user: User, form: ExemptionForm) -> ResponseReturnValue:
    until, reason = form.until_moment(), entered(form.reason.data)
    overrides.exempt(user, until=until, reason=reason, actor=current_actor(), now=clock.now())
    return to_page_of(user, _("Exemption saved."))


def _exemption_in_force(user: User, now: datetime) -> dict[str, object] | None:
    """Return what the form shows first of an exemption in force, None if there is none."""
    if user.exempt_until is None or user.exempt_until <= now:
        return None
    return {"length": OTHER_DAY, "until": days.day_of(user.exempt_until), "reason": user.exempt_reason}


def _afterwards(subject: PolicySubject, now: datetime) -> dict[str, str]:
    """Return the sentence about the person after each of the changes that the page offers."""
    required, until = subject.facts.required, subject.facts.exempt_until
    changes = {
        "required": with_overrides(subject, required=True, exempt_until=None),
        "released": with_overrides(subject, required=False, exempt_until=until),
        "not_exempt": with_overrides(subject, required=required, exempt_until=None),
    }
    return {name: policy_explanation(changed, now) for name, changed in changes.items()}


def _set_requirement(user_id: int, required: bool) -> ResponseReturnValue:
    user = get_user_or_deny(user_id).user
    with flash_refusals():
        overrides.set_requirement(user, required, actor=current_actor(), now=clock.now())
        return to_page_of(user, _("Saved."))
    return to_page_of(user)
