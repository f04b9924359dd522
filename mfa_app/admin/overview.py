"""How the site stands, in a few numbers, and what happened last."""

from flask import render_template

from mfa_app.admin import blueprint
from mfa_app.core import clock, trail
from mfa_app.core import overview as core
from mfa_app.core.permissions import Permission
from mfa_app.web.event_words import event_line
from mfa_app.web.marks import requires

LATEST_EVENTS = 10


@blueprint.get("")
@requires(Permission.MANAGE_POLICY)
def overview() -> str:
    """The first page of administration."""
    return render_template(
        "admin/overview.html",
        standing=core.standing(now=clock.now()),
        events=[event_line(row) for row in trail.latest(LATEST_EVENTS)],
    )
