"""The list of users, and the page that creates an account."""

from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.users.forms import UserFilter, UserForm
from mfa_app.admin.users.lookup import shown_standings
from mfa_app.admin.users.responses import after_sending, warn_of_lookalikes
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import scopes
from mfa_app.core.imports import stored
from mfa_app.core.users import accounts, directory, invitations
from mfa_app.models import Group, Role, User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.people import how_many
from mfa_app.wording.scopes import you_help


@blueprint.get("/people")
@requires(Permission.SEE_USERS)
def user_list() -> ResponseReturnValue:
    """The users that this actor may see."""
    actor, now = current_actor(), clock.now()
    form, helped = _filter_of(actor)
    found = _found(form, actor, now) if form.validate() else directory.UserPage()
    chosen = form.chosen()
    return render_form(
        "admin/users/list.html",
        form,
        people=found.entries,
        total=how_many(found.total),
        too_long_to_sort=bool(found.entries) and found.order is not form.order(),
        standings=shown_standings(found.entries, now=now),
        now=now,
        chosen=chosen,
        you_help=you_help(helped),
        latest_import=stored.latest(actor=actor) if actor.may(Permission.MANAGE_USERS) else None,
        filtered=bool(chosen.keys() - {form.sort.name}),
        **_neighbours(found, chosen),
    )


def _filter_of(actor: Actor) -> tuple[UserFilter, list[Group] | None]:
    """Return the form, and the groups in the actor's scope, or None if there is no scope."""
    helped = scopes.groups_of_helper(actor.scope_of) if actor.scope_of is not None else None
    form = UserFilter(request.args)
    form.offer(groups.all_groups() if helped is None else helped, directory.roles_seen_by(actor))
    return form, helped


def _neighbours(found: directory.UserPage, chosen: dict[str, Any]) -> dict[str, str | None]:
    return {
        "previous_url": found.before and url_for("admin.user_list", **chosen, before=found.before),
        "next_url": found.after and url_for("admin.user_list", **chosen, after=found.after),
    }


def _found(form: UserFilter, actor: Actor, now: datetime) -> directory.UserPage:
    place = {name: request.args.get(name) for name in ("after", "before")}
    return directory.search(form.filters(), actor=actor, now=now, order=form.order(), **place)


@blueprint.route("/people/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new_user() -> ResponseReturnValue:
    """Create an account and mail its owner a link to choose a password; then, if asked, another one."""
    form, present, actor, now = _empty_form(), groups.all_groups(), current_actor(), clock.now()
    form.offer(present)
    if form.validate_on_submit():
        profile, members = form.profile(), form.chosen(present)
        with form.refusing():
            user = accounts.create(profile, groups=members, password=None, actor=actor, now=now)
            token = invitations.invite(user, actor=actor, now=now)
            return _after_adding(user, token, form)
    return render_form("admin/users/new.html", form)


def _empty_form() -> UserForm:
    """Return the form with the role and the groups of the person who was added before, if there was one."""
    chosen = [int(group) for group in request.args.getlist("groups") if group.isdecimal()]
    return UserForm(role=request.args.get("role", Role.STAFF), groups=chosen)


def _after_adding(user: User, token: str, form: UserForm) -> ResponseReturnValue:
    flash(_("Account created for %(name)s.", name=user.name), "success")
    warn_of_lookalikes(user)
    another = url_for("admin.new_user", **form.kept_for_another()) if form.another.data else None
    return after_sending(token, user, another=another)
