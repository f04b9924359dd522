"""One change for the people who are ticked in the list; a page says first what will happen to whom."""

from datetime import datetime

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.users.forms import ManyForm
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.policy import foresight
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.rollout import many
from mfa_app.core.rollout.many import Action, Change, Plan
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import ConfirmForm, Form, render_form
from mfa_app.wording import many as words
from mfa_app.wording.foresight import foresight_sentences


@blueprint.route("/people/chosen", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def chosen_people() -> ResponseReturnValue:
    """Say what the change in the address will do to the people in it; do it."""
    chosen, form, present = ManyForm(request.args), ConfirmForm(), groups.all_groups()
    chosen.offer(present)
    home = f"{url_for('admin.user_list')}?{chosen.query_of_list()}".rstrip("?")
    if not chosen.validate():
        flash(chosen.complaint(), "danger")
        return redirect(home)
    change = chosen.change(present)
    if form.validate_on_submit():
        _tell(change, many.apply(change, actor=current_actor(), now=clock.now()))
        return redirect(home)
    here = url_for("admin.chosen_people", **chosen.in_address())
    return _asking(change, form, here=here, home=home)


def _asking(change: Change, form: Form, *, here: str, home: str) -> Response:
    now = clock.now()
    plan = many.preview(change, actor=current_actor(), now=now)
    effects = foresight_sentences(_foreseen(change, plan, now))
    return render_form(
        "admin/users/many.html",
        form,
        change=change,
        plan=plan,
        effects=effects,
        here=here,
        home=home,
        words=words,
    )


def _foreseen(change: Change, plan: Plan, now: datetime) -> list[Foresight]:
    """Return what another group does to each of the people, if the change is about one."""
    if change.group is None or not plan.people:
        return []
    groups_of = {"joins" if change.action is Action.JOIN else "leaves": [change.group]}
    return foresight.of_memberships([person.id for person in plan.people], **groups_of, now=now)


def _tell(change: Change, plan: Plan) -> None:
    flash(words.done(change, plan), "success" if plan.people else "info")
    for line in words.left_out(plan):
        flash(line, "info")
