"""One app or passkey of a user, which the help desk or an administrator removes for its owner."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from mfa_app.admin import blueprint
from mfa_app.admin.users.caller_forms import RemovalForm
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.responses import to_page_of
from mfa_app.admin.users.whom import whom
from mfa_app.core.common import clock
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import held
from mfa_app.core.helpdesk.removal import remove_factor
from mfa_app.models import User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import entered
from mfa_app.web.ui.forms import flash_refusals, render_form
from mfa_app.wording.labels import app_name


@blueprint.route("/people/<row:user_id>/factors/<random:factor_id>", methods=["GET", "POST"])
@requires(Permission.RESET_SECOND_FACTOR)
def remove_user_factor(user_id: int, factor_id: str) -> ResponseReturnValue:
    """Remove one app or passkey of several, with a reason. The others stay."""
    found, form = get_user_or_deny(user_id, to_change=True), RemovalForm()
    user = found.user
    form.offer_number(user.directory_number)
    present = held.of_user(user)
    factor = held.with_id(present, factor_id)
    if form.validate_on_submit():
        with flash_refusals():
            _remove(user, factor_id, form)
            done = _("“%(factor)s” is removed for %(name)s.", factor=app_name(factor.name), name=user.name)
            return to_page_of(user, done)
        return to_page_of(user)
    context = {"factor": factor, "alone": len(present) == 1, **whom(found)}
    return render_form("admin/users/remove_factor.html", form, **context)


def _remove(user: User, factor_id: str, form: RemovalForm) -> None:
    reason, checked = entered(form.reason.data), form.check()
    remove_factor(user, factor_id, reason=reason, checked=checked, actor=current_actor(), now=clock.now())
