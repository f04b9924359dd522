"""Groups: the list with its switches, one group with its members; create, rename, delete."""

from dataclasses import replace

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.admin import blueprint
from mfa_app.admin.groups.forms import MemberForm, NameForm
from mfa_app.admin.lookup import group_or_404
from mfa_app.admin.policy.foreseen import ForeseenForm, question_before
from mfa_app.admin.policy.people import linked_lists
from mfa_app.admin.users.lookup import get_user_or_deny, shown_standings
from mfa_app.admin.users.responses import warn_of_lookalikes
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.groups.groups import GroupWithCounts
from mfa_app.core.policy import foresight, impact, rules
from mfa_app.core.users import directory, newcomers
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.filters import UserFilters
from mfa_app.core.users.newcomers import Joined
from mfa_app.models import Group, User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import ConfirmForm, flash_refusals, render_form
from mfa_app.wording.impact import impact_sentences
from mfa_app.wording.policy import policy_explanation


@blueprint.get("/groups")
@requires(Permission.MANAGE_GROUPS)
def group_list() -> ResponseReturnValue:
    """All groups with their counts, each with its switch."""
    return render_template("admin/groups/list.html", rosters=groups.all_with_counts())


@blueprint.route("/groups/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_GROUPS)
def new_group() -> ResponseReturnValue:
    """Create a group whose rule requires nothing yet; then, if asked, another one."""
    form = NameForm()
    if form.validate_on_submit():
        with form.refusing():
            group = groups.create(entered(form.name.data), actor=current_actor(), now=clock.now())
            if form.another.data:
                flash(_("Group %(name)s created.", name=group.name), "success")
                return redirect(url_for("admin.new_group"))
            flash(_("Group %(name)s created. Now add its members.", name=group.name), "success")
            return _to_page_of(group)
    return render_form("admin/groups/name.html", form, group=None)


@blueprint.get("/groups/<row:group_id>")
@requires(Permission.MANAGE_GROUPS)
def group(group_id: int) -> ResponseReturnValue:
    """One group: its rule and its members."""
    return _group_page(group_or_404(group_id), MemberForm())


@blueprint.route("/groups/<row:group_id>/name", methods=["GET", "POST"])
@requires(Permission.MANAGE_GROUPS)
def rename_group(group_id: int) -> ResponseReturnValue:
    """Rename a group."""
    group = group_or_404(group_id).group
    form = NameForm(name=group.name)
    if form.validate_on_submit():
        with form.refusing():
            groups.rename(group, entered(form.name.data), actor=current_actor())
            flash(_("Group renamed to %(name)s.", name=group.name), "success")
            return _to_page_of(group)
    return render_form("admin/groups/name.html", form, group=group)


@blueprint.route("/groups/<row:group_id>/delete", methods=["GET", "POST"])
@requires(Permission.MANAGE_GROUPS)
def delete_group(group_id: int) -> ResponseReturnValue:
    """Show what deleting the group changes, then delete it."""
    roster, form, now = group_or_404(group_id), ConfirmForm(), clock.now()
    if form.validate_on_submit():
        with flash_refusals():
            groups.remove(roster.group, actor=current_actor())
            flash(_("Group %(name)s deleted.", name=roster.group.name), "success")
            return redirect(url_for("admin.group_list"))
        return _to_page_of(roster.group)
    before = rules.values_of(roster.group)
    after = replace(before, required=False)
    foreseen = impact.preview_impact(roster.group, after, now=now)
    return render_form(
        "admin/groups/delete.html",
        form,
        roster=roster,
        sentences=impact_sentences(foreseen, before, after),
        lists=linked_lists(roster.group, after, foreseen),
    )


@blueprint.post("/groups/<row:group_id>/members")
@requires(Permission.MANAGE_GROUPS)
def add_member(group_id: int) -> ResponseReturnValue:
    """Add people to the group by names and email addresses: all of them, or nobody.

    Which of several people are meant, who is new, and what somebody notices, is asked first.
    """
    roster, form, actor, now = group_or_404(group_id), MemberForm(), current_actor(), clock.now()
    group, valid = roster.group, form.validate_on_submit() and not form.back.data
    if not valid or form.needs_choice:
        return _who_is_meant(group, form) if form.asks_again else _group_page(roster, form)
    users, profiles = form.users(), form.profiles()
    if (question := _question(form, group, users, profiles)) is not None:
        return question
    with form.refusing():
        joined = newcomers.join(group, users, profiles, actor=actor, now=now)
        if joined is None:
            abort(404)
        _say_joined(group, users, joined)
        return _to_page_of(group)
    return _group_page(roster, form)


def _question(form: MemberForm, group: Group, users: list[User], profiles: list[Profile]) -> Response | None:
    foreseen = foresight.of_memberships([user.id for user in users], joins=[group], now=clock.now())
    button = _("Add and invite") if profiles else _("Add to the group")
    return question_before(form, foreseen, title=_adding(users, profiles, group), button=button)


def _who_is_meant(group: Group, form: MemberForm) -> Response:
    form.offer_newcomers()
    return render_form("admin/groups/who_is_meant.html", form, group=group, meant=form.meant)


def _say_joined(group: Group, users: list[User], joined: Joined) -> None:
    if len(users) == 1 and not joined.invited:
        _say_added(group, users[0], is_new=bool(joined.added))
    elif users:
        _say_all_added(group, added=joined.added, present=joined.present)
    if joined.invited:
        invited = ngettext(
            "%(num)s person added to the site, invited and added to %(group)s.",
            "%(num)s people added to the site, invited and added to %(group)s.",
            len(joined.invited),
            group=group.name,
        )
        flash(invited, "success")
    for user in joined.invited:
        warn_of_lookalikes(user)
    if not users and not joined.invited:
        flash(_("Nobody was added to %(group)s.", group=group.name), "info")


def _adding(users: list[User], profiles: list[Profile], group: Group) -> str:
    if profiles:
        return ngettext(
            "Add %(all)s people to %(group)s and invite %(name)s, who is new?",
            "Add %(all)s people to %(group)s and invite the %(num)s of them who are new?",
            len(profiles),
            all=len(users) + len(profiles),
            group=group.name,
            name=profiles[0].name,
        )
    if len(users) == 1:
        return _("Add %(name)s to %(group)s?", name=users[0].name or users[0].email, group=group.name)
    return _("Add %(num)s people to %(group)s?", num=len(users), group=group.name)


def _say_added(group: Group, user: User, *, is_new: bool) -> None:
    name = user.name or user.email
    if is_new:
        added = _("%(name)s added to %(group)s.", name=name, group=group.name)
        flash(f"{added} {_standing(user)}", "success")
    else:
        flash(_("%(name)s is already in %(group)s.", name=name, group=group.name), "info")


def _say_all_added(group: Group, *, added: int, present: int) -> None:
    done = ngettext(
        "%(num)s person added to %(group)s.", "%(num)s people added to %(group)s.", added, group=group.name
    )
    flash(done, "success" if added else "info")
    if present:
        already = ngettext(
            "%(num)s person was a member already.", "%(num)s people were members already.", present
        )
        flash(already, "info")


@blueprint.post("/groups/<row:group_id>/members/<row:user_id>/remove")
@requires(Permission.MANAGE_GROUPS)
def remove_member(group_id: int, user_id: int) -> ResponseReturnValue:
    """Remove a user from the group; confirmed first, if the user notices it."""
    group, found, form = group_or_404(group_id).group, get_user_or_deny(user_id), ForeseenForm()
    if form.back.data:
        return _to_page_of(group)
    user = found.user
    foreseen = foresight.of_membership(found, leaves=[group], now=clock.now())
    title = _("Remove %(name)s from %(group)s?", name=user.name or user.email, group=group.name)
    question = question_before(form, [foreseen], title=title, button=_("Remove from the group"), loosens=True)
    if question is not None:
        return question
    with flash_refusals():
        if not groups.remove_member(group, user, actor=current_actor()):
            abort(404)
        name = user.name or user.email
        removed = _("%(name)s removed from %(group)s.", name=name, group=group.name)
        flash(f"{removed} {_standing(user)}", "success")
    return _to_page_of(group)


def _standing(user: User) -> str:
    """Return the sentence that says whether this user is asked for a code now, and why."""
    return policy_explanation(get_user_or_deny(user.id), clock.now())


def _group_page(roster: GroupWithCounts, form: MemberForm) -> Response:
    group_id, after, before = roster.group.id, request.args.get("after"), request.args.get("before")
    filters, now = UserFilters(group_id=group_id), clock.now()
    found = directory.search(filters, actor=current_actor(), now=now, after=after, before=before)
    return render_form(
        "admin/groups/detail.html",
        form,
        group=roster.group,
        roster=roster,
        members=found.entries,
        standings=shown_standings(found.entries, now=now),
        previous_url=found.before and url_for("admin.group", group_id=group_id, before=found.before),
        next_url=found.after and url_for("admin.group", group_id=group_id, after=found.after),
    )


def _to_page_of(group: Group) -> ResponseReturnValue:
    return redirect(url_for("admin.group", group_id=group.id))
