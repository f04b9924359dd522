"""Who is throttled now, and "let this person try again"."""

from flask import Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.subjects import person_or_refusal
from mfa_app.core import clock, throttled
from mfa_app.core.permissions import Permission
from mfa_app.web.actors import current_actor
from mfa_app.web.marks import requires
from mfa_app.web.messages import limit_name


@blueprint.get("/throttled", endpoint="throttled")
@requires(Permission.MANAGE_PEOPLE)
def list_throttled() -> str:
    """The people and networks whose tries are not looked at for now."""
    waiting = throttled.everybody(now=clock.now())
    return render_template("admin/throttled.html", waiting=waiting, limit_name=limit_name)


@blueprint.post("/people/<row:user_id>/try-again")
@requires(Permission.MANAGE_PEOPLE)
def let_try_again(user_id: int) -> Response:
    """Forget a person's failed tries."""
    user = person_or_refusal(user_id, to_change=True).user
    if throttled.let_try_again(user, actor=current_actor()):
        flash(_("%(name)s can try again now.", name=user.name), "success")
    else:
        flash(_("%(name)s did not have to wait.", name=user.name), "info")
    return redirect(url_for("admin.throttled"))
