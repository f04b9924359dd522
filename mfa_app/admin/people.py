"""The list of people, and the page that makes an account."""

from flask import Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.people_forms import PeopleFilter, PersonForm
from mfa_app.admin.subjects import where_the_invitation_went
from mfa_app.core import accounts, clock, credentials, directory, groups
from mfa_app.core.accounts import Profile
from mfa_app.core.errors import Refusal
from mfa_app.core.permissions import Permission
from mfa_app.models import Role
from mfa_app.web.actors import current_actor
from mfa_app.web.fields import page
from mfa_app.web.marks import requires
from mfa_app.web.messages import role_name


@blueprint.get("/people")
@requires(Permission.SEE_PEOPLE)
def people() -> Response:
    """The people whom this administrator, or the help desk, may see."""
    actor, form = current_actor(), PeopleFilter(request.args)
    form.offer(groups.everything(), directory.roles_seen_by(actor))
    found = directory.Page()
    if form.validate():
        where = {"after": request.args.get("after"), "before": request.args.get("before")}
        found = directory.search(form.filters(), actor=actor, **where)
    chosen = form.chosen()
    return page(
        "admin/people.html",
        form,
        people=found.entries,
        filtered=bool(chosen),
        previous_url=found.before and url_for("admin.people", **chosen, before=found.before),
        next_url=found.after and url_for("admin.people", **chosen, after=found.after),
        role_name=role_name,
    )


@blueprint.route("/people/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_PEOPLE)
def new_person() -> Response:
    """Make an account, and mail its owner a link to choose a password."""
    form, present = PersonForm(), groups.everything()
    form.offer(present)
    if form.validate_on_submit():
        facts = {"actor": current_actor(), "now": clock.now()}
        profile = Profile(form.email.data, form.name.data, Role(form.role.data))
        try:
            user = accounts.create(profile, groups=form.chosen(present), password=None, **facts)
            credentials.invite(user, **facts)
            flash(_("The account of %(name)s is made.", name=user.name), "success")
            flash(where_the_invitation_went(user), "info")
            return redirect(url_for("admin.person", user_id=user.id))
        except Refusal as refusal:
            form.refuse(refusal, "email")
    return page("admin/person_new.html", form)
