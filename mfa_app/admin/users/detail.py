"""One user: the account's state, and what an administrator or the help desk can change about it."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.policy.foreseen import question_before
from mfa_app.admin.users.caller_forms import OpenForm, ResetForm
from mfa_app.admin.users.forms import UserForm
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.responses import (
    after_sending,
    shows_links,
    to_page_of,
    warn_of_lookalikes,
    what_was_reset,
)
from mfa_app.admin.users.whom import factors_of, whom
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import recovery_codes
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import (
    access_passes,
    approval_list,
    approvals,
    next_login,
    opening,
    requests,
    scopes,
    timeline,
)
from mfa_app.core.operations import site_values
from mfa_app.core.policy import foresight
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.sessions import sessions
from mfa_app.core.throttling import blocked
from mfa_app.core.users import accounts, directory, enrolment_links, invitations
from mfa_app.models import Group, LinkProof, Role, User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals, render_form
from mfa_app.wording.approvals import risks_in_words
from mfa_app.wording.events import why_refused
from mfa_app.wording.labels import failures_in_words
from mfa_app.wording.policy import policy_explanation
from mfa_app.wording.scopes import helped
from mfa_app.wording.timeline import timeline_days


@blueprint.get("/people/<row:user_id>")
@requires(Permission.SEE_USERS)
def user(user_id: int) -> ResponseReturnValue:
    """Everything about a user, and why a code is required or not."""
    found, actor, now = get_user_or_deny(user_id), current_actor(), clock.now()
    user = found.user
    return render_template(
        "admin/users/detail.html",
        person=user,
        **_account_of(user, now),
        **_invitation_of(user, actor, now),
        factors=factors_of(found),
        recovery=recovery_codes.left(user),
        groups=[group.name for group in found.groups],
        standing=policy_explanation(found, now),
        **_timeline_of(user, actor, now),
        is_self=actor.user_id == user.id,
        **_to_link(found, now),
        may_act=actor.may_act_on(user),
    )


def _to_link(found: PolicySubject, now: datetime) -> dict[str, bool]:
    """Return what this user needs besides the password to link an app, if it is that."""
    return {
        "needs_link": found.user.password_hash is not None and enrolment_links.needs_link(found.user),
        "needs_pass": access_passes.needs_pass(found.user, found.facts, now=now),
        "by_email": found.facts.link_proof == LinkProof.EMAIL_CODE,
    }


def _timeline_of(user: User, actor: Actor, now: datetime) -> dict[str, object]:
    lately = timeline.read(user, actor=actor, since=now - timeline.RECENT)
    before = lately.before
    return {
        "days": timeline_days(lately.lines, now),
        "timeline_span": timeline.RECENT.days,
        "earlier_url": before and url_for("admin.timeline", user_id=user.id, before=before),
        "refused": directory.refused_code_among(lately.rows),
        "why_refused": why_refused,
    }


def _account_of(user: User, now: datetime) -> dict[str, object]:
    return {
        "last_day": accounts.profile_of(user).last_day,
        "helps": helped(scopes.groups_of(user)) if user.role == Role.HELPDESK else None,
        "ended": user.has_ended(now),
        "blocks": blocked.blocks_of(user, now=now),
        "failures_in_words": failures_in_words,
        "session_count": len(sessions.of_user(user, now=now)),
        "device_count": len(remembered_devices.of_user(user, now=now)),
    }


def _invitation_of(user: User, actor: Actor, now: datetime) -> dict[str, object]:
    invitation = invitations.of_user(user)
    return {
        "may_invite": invitations.may_invite(actor, user, invitation, shown=shows_links(), now=now),
        "invitation": invitation,
        "invitation_state": invitation and invitations.state_of(invitation, user, now=now).name,
    }


@blueprint.route("/people/<row:user_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def edit_user(user_id: int) -> ResponseReturnValue:
    """Change email address, name, role and groups. For one's own account, only the groups.

    What the user notices at the login is confirmed first.
    """
    found, actor, now = get_user_or_deny(user_id), current_actor(), clock.now()
    user, present = found.user, groups.all_groups()
    form = _edit_form(found, present, is_self=actor.user_id == user_id)
    if form.validate_on_submit() and not form.back.data:
        profile, before = form.profile(accounts.profile_of(user)), user.email
        foreseen = foresight.of_edit(found, role=profile.role, groups=form.chosen(present), now=now)
        title = _("Save these changes for %(name)s?", name=user.name or user.email)
        question = question_before(form, [foreseen], title=title, button=_("Save"))
        if question is not None:
            return question
        with form.refusing():
            link = accounts.edit(user, profile, groups=form.chosen(present), actor=actor, now=now)
            return _after_edit(user, before, link)
    return render_form("admin/users/edit.html", form, person=user, is_self=actor.user_id == user_id)


def _after_edit(user: User, old_email: str, token: str | None) -> ResponseReturnValue:
    flash(_("Changes saved."), "success")
    if user.email != old_email:
        warn_of_lookalikes(user)
    return to_page_of(user) if token is None else after_sending(token, user)


def _edit_form(found: PolicySubject, present: list[Group], *, is_self: bool) -> UserForm:
    user, member_of = found.user, [group.id for group in found.groups]
    form = UserForm(**vars(accounts.profile_of(user)), groups=member_of)
    form.offer(present)
    if is_self:
        form.only_groups()
    return form


@blueprint.post("/people/<row:user_id>/disable")
@requires(Permission.MANAGE_USERS)
def disable_user(user_id: int) -> ResponseReturnValue:
    """Disable the account and revoke all its access."""
    user = get_user_or_deny(user_id, to_change=True).user
    with flash_refusals():
        accounts.disable(user, actor=current_actor(), now=clock.now())
        return to_page_of(user, _("Account disabled for %(name)s. All access has ended.", name=user.name))
    return to_page_of(user)


@blueprint.post("/people/<row:user_id>/enable")
@requires(Permission.MANAGE_USERS)
def enable_user(user_id: int) -> ResponseReturnValue:
    """Enable a disabled account."""
    user = get_user_or_deny(user_id, to_change=True).user
    accounts.enable(user, actor=current_actor(), now=clock.now())
    if user.account_locked_at is not None:
        return to_page_of(user, _("The account of %(name)s is enabled, but still locked.", name=user.name))
    return to_page_of(user, _("%(name)s can log in again.", name=user.name))


@blueprint.post("/people/<row:user_id>/invite")
@requires(Permission.INVITE_AGAIN)
def invite_user(user_id: int) -> ResponseReturnValue:
    """Invite the user, perhaps again. The earlier link stops working."""
    user = get_user_or_deny(user_id, to_change=True).user
    with flash_refusals():
        token = invitations.invite(user, actor=current_actor(), now=clock.now(), shown=shows_links())
        return after_sending(token, user)
    return to_page_of(user)


@blueprint.post("/people/<row:user_id>/app-link")
@requires(Permission.MANAGE_USERS)
def send_app_link(user_id: int) -> ResponseReturnValue:
    """Mail a link that permits linking a first app, to an administrator or the help desk."""
    user = get_user_or_deny(user_id, to_change=True).user
    with flash_refusals():
        token = enrolment_links.send(user, actor=current_actor(), now=clock.now())
        return after_sending(token, user)
    return to_page_of(user)


@blueprint.post("/people/<row:user_id>/end-access")
@requires(Permission.END_ACCESS)
def end_access(user_id: int) -> ResponseReturnValue:
    """End all of the user's sessions and revoke the remembered devices."""
    user = get_user_or_deny(user_id, to_change=True).user
    accounts.end_access(user, actor=current_actor())
    done = _("%(name)s is logged out everywhere, and all remembered devices are removed.", name=user.name)
    return to_page_of(user, done)


@blueprint.route("/people/<row:user_id>/reset", methods=["GET", "POST"])
@requires(Permission.RESET_SECOND_FACTOR)
def reset_user(user_id: int) -> ResponseReturnValue:
    """Remove all second factors, with a reason. The next login asks for enrolment."""
    found, now = get_user_or_deny(user_id, to_change=True), clock.now()
    user, waiting = found.user, requests.find_open(found.user, now=now)
    read_out = waiting is not None and waiting.id == request.args.get("request")
    form = ResetForm(reason=waiting.reason if waiting and read_out else None)
    form.offer_number(user.directory_number)
    if form.validate_on_submit():
        with form.refusing():
            return _reset(user, form, now)
    stopped = requests.was_stopped(user, now=now)
    of_request = {"waiting": waiting, "read_out": read_out, "stopped": stopped}
    consequences = {"next_login": next_login.after_reset(user, now=now), **_approval_for(user, now)}
    return render_form("admin/users/reset.html", form, **whom(found), **of_request, **consequences)


def _reset(user: User, form: ResetForm, now: datetime) -> ResponseReturnValue:
    asked = approvals.Asked(entered(form.reason.data), form.check(), request.args.get("request"))
    rules, actor = site_values.current(), current_actor()
    if approvals.reset_or_ask(user, asked, rules=rules, actor=actor, now=now):
        return to_page_of(user, what_was_reset(user))
    return redirect(url_for("admin.approval", user_id=user.id))


def _approval_for(user: User, now: datetime) -> dict[str, object]:
    """Return why a reset would have to wait for another helper, if it would, and what waits already."""
    risks = approvals.needed_for(user, current_actor(), rules=site_values.current(), now=now)
    return {"risks": risks_in_words(risks), "approval": approval_list.of_user(user, now=now)}


@blueprint.route("/people/<row:user_id>/open", methods=["GET", "POST"])
@requires(Permission.OPEN_ACCOUNT)
def open_account(user_id: int) -> ResponseReturnValue:
    """Open an account that its owner has locked, with a reason."""
    found, form = get_user_or_deny(user_id, to_change=True), OpenForm()
    user = found.user
    form.offer_number(user.directory_number)
    if form.validate_on_submit():
        reason, checked = entered(form.reason.data), form.check()
        opening.open_again(user, reason=reason, checked=checked, actor=current_actor(), now=clock.now())
        return to_page_of(user, _("The account of %(name)s is open again.", name=user.name))
    return render_form("admin/users/open.html", form, **whom(found))
