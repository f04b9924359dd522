"""Whom somebody of the help desk helps: an administrator says so, by groups."""

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectMultipleField
from wtforms.validators import ValidationError

from mfa_app.admin import blueprint
from mfa_app.admin.users.lookup import get_user_or_deny
from mfa_app.admin.users.responses import to_page_of
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import scopes
from mfa_app.models import Group, Role, User
from mfa_app.web.security.access_rules import requires
from mfa_app.web.security.current import current_actor
from mfa_app.web.ui.fields import INVALID_CHOICE
from mfa_app.web.ui.forms import Form, flash_refusals, render_form
from mfa_app.wording.scopes import now_helps

EVERYONE, OF_GROUPS = "everyone", "groups"


class ScopeForm(Form):
    """Everyone, or the people of the groups that are ticked."""

    helps = RadioField(
        _l("Helps"),
        choices=[
            SelectChoice(EVERYONE, _l("All staff")),
            SelectChoice(OF_GROUPS, _l("Only staff in these groups")),
        ],
        invalid_choice_message=INVALID_CHOICE,
    )
    groups = SelectMultipleField(
        _l("Groups"), coerce=int, invalid_choice_message=INVALID_CHOICE, invalid_value_message=INVALID_CHOICE
    )

    def validate_groups(self, field: SelectMultipleField) -> None:
        """Ask for a group where only groups are helped."""
        if self.helps.data == OF_GROUPS and not field.data:
            raise ValidationError(_l("Tick at least one group."))

    def chosen(self, present: list[Group]) -> list[Group] | None:
        """Return the groups that are ticked; None if everyone is helped."""
        if self.helps.data == EVERYONE:
            return None
        return [group for group in present if group.id in (self.groups.data or ())]


@blueprint.route("/people/<row:user_id>/scope", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def help_scope(user_id: int) -> ResponseReturnValue:
    """Show whom somebody of the help desk helps; save everyone, or certain groups."""
    user, present = get_user_or_deny(user_id, to_change=True).user, groups.all_groups()
    if user.role != Role.HELPDESK:
        abort(404)
    form = _form(user, present)
    if form.validate_on_submit():
        wanted = form.chosen(present)
        with flash_refusals():
            scopes.limit(user, wanted, actor=current_actor())
            return to_page_of(user, now_helps(user.name or user.email, wanted))
        return to_page_of(user)
    return render_form("admin/users/scope.html", form, person=user)


def _form(user: User, present: list[Group]) -> ScopeForm:
    given = scopes.groups_of(user)
    form = ScopeForm(
        helps=EVERYONE if given is None else OF_GROUPS, groups=[group.id for group in given or ()]
    )
    form.groups.choices = [SelectChoice(str(group.id), group.name) for group in present]
    return form
