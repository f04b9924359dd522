"""Forgetting one's own remembered devices."""

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.account import blueprint
from mfa_app.core.browsers import remembered_devices
from mfa_app.web.security.access_rules import requires_recent_auth
from mfa_app.web.security.current import current_actor, current_identity


@blueprint.post("/account/devices/<random:device_id>/forget")
@requires_recent_auth
def forget_device(device_id: str) -> ResponseReturnValue:
    """Revoke one remembered device."""
    if not remembered_devices.forget(current_identity().user, actor=current_actor(), device_id=device_id):
        abort(404)
    flash(_("Device removed. It will ask for a code next time."), "success")
    return redirect(url_for("account.overview"))


@blueprint.post("/account/devices/forget")
@requires_recent_auth
def forget_devices() -> ResponseReturnValue:
    """Revoke all remembered devices."""
    count = remembered_devices.forget(current_identity().user, actor=current_actor())
    flash(ngettext("%(num)s device removed.", "%(num)s devices removed.", count), "success")
    return redirect(url_for("account.overview"))
