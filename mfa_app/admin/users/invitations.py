"""The list of invitations: how far each has come, and several that are sent again at once."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response

from mfa_app.admin import blueprint
from mfa_app.admin.users.forms import InvitationFilter, SendAgainForm
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.rollout import many
from mfa_app.core.rollout.many import Action, Change
from mfa_app.core.users import invitation_list
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.invitations import state_pill
from mfa_app.wording.many import done, left_out


@blueprint.route("/people/invitations", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def invitations() -> ResponseReturnValue:
    """A page of invitations; send those again that are ticked."""
    chosen, form, after = InvitationFilter(request.args), SendAgainForm(), request.args.get("after")
    stage = chosen.stage()
    here = url_for("admin.invitations", state=stage, after=after)
    if form.is_submitted():
        return _send_again(form, here)
    found = invitation_list.page(stage, now=clock.now(), after=after)
    return render_form(
        "admin/users/invitations.html",
        chosen,
        ticked=form.people.data or (),
        stage=stage,
        entries=found.entries,
        state_pill=state_pill,
        here=here,
        first_url=url_for("admin.invitations", state=stage) if after else None,
        next_url=found.after and url_for("admin.invitations", state=stage, after=found.after),
    )


def _send_again(form: SendAgainForm, back: str) -> Response:
    if not form.validate():
        flash(form.complaint(), "danger")
        return redirect(back)
    change = Change(Action.INVITE, frozenset(form.people.data or ()))
    plan = many.apply(change, actor=current_actor(), now=clock.now())
    flash(done(change, plan), "success" if plan.people else "info")
    for line in left_out(plan):
        flash(line, "info")
    return redirect(back)
