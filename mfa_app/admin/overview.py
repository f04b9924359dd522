"""Site statistics and the latest events."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.core.audit import search as trail
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import break_glass
from mfa_app.core.operations import first_steps
from mfa_app.core.operations import statistics as core
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.wording.mails import could_not_be_sent
from mfa_app.wording.trail import trail_days

LATEST_LINES, ROWS_READ = 10, 30  # a login is one line, and three rows


@blueprint.get("")
@requires(Permission.MANAGE_POLICY)
def overview() -> ResponseReturnValue:
    """The first page of administration."""
    return render_template(
        "admin/overview.html",
        standing=core.site_statistics(now=clock.now()),
        break_glass=break_glass.current_set(),
        break_glass_set=break_glass.IN_A_SET,
        steps=first_steps.to_show(),
        could_not_be_sent=could_not_be_sent,
        latest=trail_days(trail.latest(ROWS_READ), LATEST_LINES),
    )


@blueprint.post("/first-steps/put-away")
@requires(Permission.MANAGE_SITE)
def put_first_steps_away() -> ResponseReturnValue:
    """Hide the list of first steps."""
    first_steps.put_away(actor=current_actor())
    return redirect(url_for("admin.overview"))


@blueprint.post("/first-steps/backups")
@requires(Permission.MANAGE_SITE)
def note_backups() -> ResponseReturnValue:
    """Note that the database is backed up with other programs."""
    first_steps.note_backups(actor=current_actor())
    return redirect(url_for("admin.overview"))
