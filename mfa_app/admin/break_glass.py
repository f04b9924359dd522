"""The site's break-glass codes: made and shown once, to be printed."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import break_glass as core
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.web.http.redirects import next_page
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor


@blueprint.route("/break-glass", methods=["GET", "POST"])
@requires(Permission.BREAK_GLASS)
def break_glass() -> ResponseReturnValue:
    """Make the two codes and show them, this once; before that, say what they are for."""
    codes: tuple[str, ...] = ()
    if request.method == "POST":
        codes = core.make_set(actor=current_actor(), now=clock.now())
    return render_template(
        "admin/break_glass.html",
        codes=codes,
        present=core.current_set(),
        in_a_set=core.IN_A_SET,
        public_url=site()[Settings].public_url,
        onward=next_page("admin.overview"),
    )
