"""The forms of the lists of users, and of an account. They check the shape; the core checks the rest."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    SubmitField,
)
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from mfa_app.admin.policy.foreseen import ForeseenForm
from mfa_app.core.common import clock, days
from mfa_app.core.common.errors import (
    CannotExemptSelf,
    EmailTaken,
    InvalidEmail,
    LastAdministrator,
    Refusal,
)
from mfa_app.core.rollout.many import MOST, OF_GROUPS, Action, Change
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.filters import BY_ACCOUNT, BY_TWO_FACTOR, ENDS_SOON, UserFilters
from mfa_app.core.users.invitation_list import Stage
from mfa_app.core.users.people_lists import Order
from mfa_app.models import Group, Role
from mfa_app.web.http.converters import is_row_id
from mfa_app.web.ui.fields import (
    INVALID_CHOICE,
    DayField,
    LongSelect,
    email_field,
    entered,
    name_field,
    one_line,
    readable,
)
from mfa_app.web.ui.forms import TOP, Form, shown_at
from mfa_app.wording import dates
from mfa_app.wording.invitations import STAGES
from mfa_app.wording.labels import role_name
from mfa_app.wording.standing import STATES

FARTHEST_END = timedelta(days=20 * 366)


def _choice(label: str, choices: list[SelectChoice]) -> SelectField:
    """Return the field of a filter. Its first choice is what holds while none is chosen."""
    return SelectField(label, default="", choices=choices, invalid_choice_message=INVALID_CHOICE)


class UserFilter(Form):
    """The search in the list of users. It is part of the URL, so it has no CSRF token."""

    class Meta:
        csrf = False

    q = StringField(
        _l("Name or email address"),
        filters=[one_line],
        validators=[Length(max=320, message=_l("Search for at most %(max)d characters."))],
        render_kw={"type": "search", "autocomplete": "off", "spellcheck": "false"},
    )
    group = SelectField(_l("Group"), default="", invalid_choice_message=INVALID_CHOICE, widget=LongSelect())
    role = SelectField(_l("Role"), default="", invalid_choice_message=INVALID_CHOICE)
    two_factor = _choice(
        _l("2-factor"),
        [
            SelectChoice("", _l("Any")),
            SelectChoice("to-link", _l("Still to link, now or later")),
            *(SelectChoice(state, name) for state, name in STATES.items()),
            SelectChoice("stopped", _l("Locked after wrong codes")),
            SelectChoice("linked", _l("App or passkey linked")),
            SelectChoice("passkey", _l("Passkey added")),
            SelectChoice("unlinked", _l("No app or passkey")),
        ],
    )
    state = _choice(
        _l("Account"),
        [
            SelectChoice("", _l("Any")),
            SelectChoice("active", _l("Active")),
            SelectChoice("disabled", _l("Disabled")),
            SelectChoice("locked", _l("Locked by its owner")),
            SelectChoice("invited", _l("Invited, never logged in")),
            SelectChoice("ends-soon", _l("Ends within %(days)s days", days=ENDS_SOON.days)),
        ],
    )
    sort = _choice(
        _l("Sort by"),
        [
            SelectChoice("", _l("Email address")),
            SelectChoice(Order.NAME, _l("Name")),
            SelectChoice(Order.LAST_LOGIN, _l("Last login, oldest first")),
            SelectChoice(Order.ADDED, _l("Added, newest first")),
        ],
    )

    def offer(self, groups: Iterable[Group], roles: frozenset[Role]) -> None:
        """Set the choices."""
        names = {str(group.id): group.name for group in groups}
        self.group.choices = {"": _("Any"), **names}
        self.role.choices = {"": _("Any"), **{role: role_name(role) for role in Role if role in roles}}

    def filters(self) -> UserFilters:
        """Return the search criteria."""
        return UserFilters(
            text=self.q.data or "",
            group_id=int(self.group.data) if self.group.data else None,
            role=Role(self.role.data) if self.role.data else None,
            **BY_TWO_FACTOR.get(self.two_factor.data or "", {}),
            **BY_ACCOUNT.get(self.state.data or "", {}),
        )

    def order(self) -> Order:
        """Return the order of the list."""
        return Order(self.sort.data or Order.EMAIL)

    def chosen(self) -> dict[str, Any]:
        """Return the fields that are filled in, as parameters for `url_for`."""
        return {field.name: field.data for field in self if field.data}


class InvitationFilter(Form):
    """Which invitations to list. It is part of the URL, so it has no CSRF token."""

    class Meta:
        csrf = False

    state = _choice(
        _l("State"),
        [SelectChoice("", _l("Any")), *(SelectChoice(stage, name) for stage, name in STAGES.items())],
    )

    def stage(self) -> Stage | None:
        """Return the stage that was chosen; None for any, and for what is none."""
        return Stage(self.state.data) if self.state.data and self.validate() else None


class TickedForm(Form):
    """The people who are ticked in a list."""

    people = SelectMultipleField(
        coerce=int,
        validate_choice=False,
        invalid_value_message=INVALID_CHOICE,
        validators=[
            DataRequired(_l("Tick the people first.")),
            Length(max=MOST, message=_l("Choose at most %(max)d people at once.")),
        ],
    )

    def validate_people(self, field: SelectMultipleField) -> None:
        """Reject numbers that no row can have."""
        if not all(map(is_row_id, field.data or ())):
            raise ValidationError(INVALID_CHOICE)

    def complaint(self) -> str:
        """Return what is wrong."""
        return next(str(error) for field in self for error in field.errors)


class SendAgainForm(TickedForm):
    """Whose invitations to send again."""


class ManyForm(TickedForm):
    """What to do to the people who are ticked in the list. It is part of the URL, so it has no CSRF token."""

    class Meta:
        csrf = False

    act = SelectField(
        choices=[SelectChoice(action, action) for action in Action],
        invalid_choice_message=INVALID_CHOICE,
    )
    group = SelectField(default="", invalid_choice_message=INVALID_CHOICE)
    back = StringField(validators=[Length(max=1000)])  # the query of the list in which the people were ticked

    def offer(self, groups: Iterable[Group]) -> None:
        """Set the groups to choose from."""
        self.group.choices = {"": _("Choose a group"), **{str(group.id): group.name for group in groups}}

    def validate_group(self, field: SelectField) -> None:
        """Ask for a group where people join or leave one."""
        if self.act.data in OF_GROUPS and not field.data:
            raise ValidationError(_("Choose the group first."))

    def change(self, groups: Iterable[Group]) -> Change:
        """Return the change that is asked for."""
        action = Action(entered(self.act.data))
        chosen = [group for group in groups if action in OF_GROUPS and str(group.id) == self.group.data]
        return Change(action, frozenset(self.people.data or ()), chosen[0] if chosen else None)

    def query_of_list(self) -> str:
        """Return the query of the list to go back to, encoded here and not as it was sent."""
        return urlencode(parse_qsl(self.back.data or ""))

    def in_address(self) -> dict[str, Any]:
        """Return the fields as parameters for `url_for`."""
        return {field.name: field.data for field in self if field.data}


class UserForm(ForeseenForm):
    """An account: email address, name, role, groups, and what else may be known of a person."""

    refusals_at = (
        shown_at("email", InvalidEmail, EmailTaken)
        | shown_at("role", LastAdministrator)
        | shown_at("groups", CannotExemptSelf)
    )

    name = name_field(
        _l("Name"),
        missing=_l("Enter a name."),
        longest=300,
        too_long=_l("Use at most %(max)d characters for a name."),
    )
    email = email_field(own=False)
    role = RadioField(
        _l("Role"),
        default=Role.STAFF,
        choices=[
            SelectChoice(Role.STAFF, _l("Staff: can log in to the platform, nothing more")),
            SelectChoice(Role.HELPDESK, _l("Help desk: can also reset the 2-factor authentication of staff")),
            SelectChoice(Role.ADMIN, _l("Administrator: can do everything on this site")),
        ],
        invalid_choice_message=INVALID_CHOICE,
    )
    groups = SelectMultipleField(
        _l("Groups"), coerce=int, invalid_choice_message=INVALID_CHOICE, invalid_value_message=INVALID_CHOICE
    )

    another = SubmitField()
    last_day = DayField(_l("Last day"), validators=[Optional()])
    directory_number = StringField(
        _l("Directory number"),
        filters=[one_line],
        validators=[
            Length(max=40, message=_l("Use at most %(max)d characters for a directory number.")),
            readable,
        ],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )

    def validate_last_day(self, field: DayField) -> None:
        """Reject days that are over, except one that stood there before, and typing mistakes."""
        today = days.day_of(clock.now())
        if field.data is not None and field.data == field.object_data:
            return
        if field.data is None or not today <= field.data <= today + FARTHEST_END:
            last = dates.day(today + FARTHEST_END)
            raise ValidationError(
                _("Enter today or a later day, no later than %(date)s, or leave this empty.", date=last)
            )

    def offer(self, groups: Iterable[Group]) -> None:
        """Set the groups to choose from."""
        self.groups.choices = [SelectChoice(str(group.id), group.name) for group in groups]

    def refuse(self, refusal: Refusal, field: str = TOP) -> None:
        """Show at the last day why the last administrator gets none, where the role stays as it is."""
        if isinstance(refusal, LastAdministrator) and self.role.data == self.role.object_data:
            field = "last_day"
        super().refuse(refusal, field)

    def kept_for_another(self) -> dict[str, Any]:
        """Return what stays in the form, as parameters for `url_for`, when another person is added."""
        return {"role": self.role.data, "groups": self.groups.data or []}

    def only_groups(self) -> None:
        """Ask for the groups alone: administrators can't change the rest of their own account."""
        del self.name, self.email, self.role, self.last_day, self.directory_number

    def profile(self, present: Profile | None = None) -> Profile:
        """Return what was entered; the present profile if the form asks only for the groups."""
        if present is not None and not self.role:
            return present
        return Profile(
            entered(self.email.data),
            entered(self.name.data),
            Role(entered(self.role.data)),
            self.last_day.data,
            self.directory_number.data or None,
        )

    def chosen(self, groups: Iterable[Group]) -> list[Group]:
        """Return the selected groups."""
        return [group for group in groups if group.id in (self.groups.data or ())]
