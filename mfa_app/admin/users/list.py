"""The list of users, and the page that creates an account."""

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.users.forms import UserFilter, UserForm
from mfa_app.admin.users.lookup import invitation_notice
from mfa_app.core.common import clock
from mfa_app.core.common.errors import Refusal
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.users import accounts, directory, invitations
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form


@blueprint.get("/people")
@requires(Permission.SEE_USERS)
def user_list() -> Response:
    """The users that this actor may see."""
    actor, form = current_actor(), UserFilter(request.args)
    form.offer(groups.all_groups(), directory.roles_seen_by(actor))
    found = directory.UserPage()
    if form.validate():
        where = {"after": request.args.get("after"), "before": request.args.get("before")}
        found = directory.search(form.filters(), actor=actor, **where)
    chosen = form.chosen()
    return render_form(
        "admin/users/list.html",
        form,
        people=found.entries,
        filtered=bool(chosen),
        previous_url=found.before and url_for("admin.user_list", **chosen, before=found.before),
        next_url=found.after and url_for("admin.user_list", **chosen, after=found.after),
    )


@blueprint.route("/people/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new_user() -> Response:
    """Create an account and mail its owner a link to choose a password."""
    form, present = UserForm(), groups.all_groups()
    form.offer(present)
    if form.validate_on_submit():
        facts = {"actor": current_actor(), "now": clock.now()}
        profile = Profile(form.email.data, form.name.data, Role(form.role.data))
        try:
            user = accounts.create(profile, groups=form.chosen(present), password=None, **facts)
            invitations.invite(user, **facts)
            flash(_("Account created for %(name)s.", name=user.name), "success")
            flash(invitation_notice(user), "info")
            return redirect(url_for("admin.user", user_id=user.id))
        except Refusal as refusal:
            form.refuse(refusal, "email")
    return render_form("admin/users/new.html", form)
