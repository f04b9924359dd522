"""Who is blocked right now, and the actions that unblock a user or a network."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import HiddenField
from wtforms.validators import DataRequired, Length

from mfa_app.admin import blueprint
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.responses import to_page_of
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.throttling import blocked
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import Form


class TryAgainForm(Form):
    """Whether the button was pressed in the list of all who are blocked."""

    in_list = HiddenField(validators=[Length(max=1)])


class NetworkForm(Form):
    """The network of a row in the list."""

    network = HiddenField(validators=[DataRequired(), Length(max=45)])


@blueprint.get("/throttled")
@requires(Permission.MANAGE_USERS)
def blocked_sign_ins() -> ResponseReturnValue:
    """The blocked users and networks."""
    waiting = blocked.list_blocked(now=clock.now())
    return render_template("admin/throttling/blocked.html", waiting=waiting)


@blueprint.post("/people/<row:user_id>/try-again")
@requires(Permission.LET_TRY_AGAIN)
def let_try_again(user_id: int) -> ResponseReturnValue:
    """Clear a user's counters of failed attempts, and go back to the list or to the user's page."""
    user, form = get_user_or_deny(user_id, to_change=True).user, TryAgainForm()
    if blocked.unblock(user, actor=current_actor()):
        flash(_("%(name)s can try again now.", name=user.name), "success")
    else:
        flash(_("%(name)s wasn't blocked.", name=user.name), "info")
    if form.in_list.data:
        return redirect(url_for("admin.blocked_sign_ins"))
    return to_page_of(user)


@blueprint.post("/throttled/networks/try-again")
@requires(Permission.MANAGE_USERS)
def let_network_try_again() -> ResponseReturnValue:
    """Clear the counters of a network."""
    form = NetworkForm()
    if not form.validate_on_submit():
        abort(400)
    network = entered(form.network.data)
    if blocked.unblock_network(network, actor=current_actor()):
        flash(_("Everyone from %(network)s can try again now.", network=network), "success")
    else:
        flash(_("%(network)s wasn't blocked.", network=network), "info")
    return redirect(url_for("admin.blocked_sign_ins"))
