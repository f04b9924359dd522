"""What happened with one person, as far back as the trail goes."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.helpdesk import timeline as core
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.wording.timeline import timeline_days


@blueprint.get("/people/<row:user_id>/timeline")
@requires(Permission.SEE_USERS)
def timeline(user_id: int) -> ResponseReturnValue:
    """A page of what happened with a user, newest first."""
    user, before = get_user_or_deny(user_id).user, request.args.get("before", type=int)
    found = core.read(user, actor=current_actor(), before=before)
    return render_template(
        "admin/users/timeline.html",
        person=user,
        days=timeline_days(found.lines, clock.now()),
        newest_url=url_for("admin.timeline", user_id=user.id) if before is not None else None,
        older_url=found.before and url_for("admin.timeline", user_id=user.id, before=found.before),
    )
