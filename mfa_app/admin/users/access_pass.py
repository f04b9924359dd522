"""An access pass for somebody who was reset: the form asks how long it works, the answer shows it once."""

import math

from flask import render_template
from flask.typing import ResponseReturnValue

from mfa_app.admin import blueprint
from mfa_app.admin.users.caller_forms import PassForm
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.whom import whom
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.helpdesk import access_passes
from mfa_app.core.helpdesk.access_passes import AccessPass
from mfa_app.models import User
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.forms import render_form
from mfa_app.wording.link_proofs import minutes_left, spelled


@blueprint.route("/people/<row:user_id>/access-pass", methods=["GET", "POST"])
@requires(Permission.RESET_SECOND_FACTOR)
def access_pass(user_id: int) -> ResponseReturnValue:
    """Make an access pass. The answer shows it, this once: it must be in no redirect and in no cookie."""
    found, form = get_user_or_deny(user_id, to_change=True), PassForm()
    form.offer_number(found.user.directory_number)
    if form.validate_on_submit():
        with form.refusing():
            return _shown(found.user, _make(found.user, form))
    return render_form("admin/users/access_pass.html", form, **whom(found))


def _make(user: User, form: PassForm) -> AccessPass:
    lifetime, checked = form.lifetime(), form.check()
    return access_passes.make(
        user, lifetime=lifetime, checked=checked, actor=current_actor(), now=clock.now()
    )


def _shown(user: User, made: AccessPass) -> str:
    seconds = math.ceil((made.expires_at - clock.now()).total_seconds())
    return render_template(
        "admin/users/access_pass_made.html",
        person=user,
        shown=made.shown,
        spelled=spelled(made.shown),
        until=made.expires_at,
        seconds=seconds,
        public_url=site()[Settings].public_url,
        left=minutes_left(math.ceil(seconds / 60)),
    )
