"""The forms about groups. They check the shape of the input; the core checks the rest."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from mfa_app.admin.policy.foreseen import ForeseenForm
from mfa_app.core.common import email_addresses
from mfa_app.core.common.errors import NameTaken
from mfa_app.core.users import lookup
from mfa_app.models import Group, User
from mfa_app.web.ui.fields import name_field
from mfa_app.web.ui.forms import Form, shown_at

LONGEST_KEY = Group.name_key.type.length

MOST_AT_ONCE = 50


class NameForm(Form):
    """The name of a group. `another` is the button that asks for one more new group."""

    refusals_at = shown_at("name", NameTaken)

    name = name_field(
        _l("Name"),
        missing=_l("Enter a name."),
        longest=200,
        too_long=_l("Use at most %(max)d characters for the name of a group."),
    )
    another = SubmitField()

    def validate_name(self, field: StringField) -> None:
        """Check the length of the name's comparison key too: letters of some scripts fold into several."""
        if len(email_addresses.fold(field.data or "")) > LONGEST_KEY:
            raise ValidationError(_("This name is too long. Choose a shorter one."))


class MemberForm(ForeseenForm):
    """The users to add to a group: their addresses, pasted as lists and mail programs write them."""

    email = TextAreaField(
        _l("Email addresses"),
        validators=[
            DataRequired(_l("Enter an email address.")),
            Length(max=MOST_AT_ONCE * 400, message=_l("This is too long. Enter fewer addresses at once.")),
        ],
        render_kw={"rows": 1, "autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"},
    )
    users: tuple[User, ...] = ()  # whose addresses were entered

    def validate_email(self, field: TextAreaField) -> None:
        """Find the users. Reject addresses that no account has."""
        typed = email_addresses.listed(field.data or "")
        if len(typed) > MOST_AT_ONCE:
            raise ValidationError(_("Enter at most %(num)s email addresses at once.", num=MOST_AT_ONCE))
        found = lookup.find_all_by_email(typed)
        self.users, unknown = tuple(found.values()), [email for email in typed if email not in found]
        if not found and len(typed) <= 1:
            raise ValidationError(_("No account has this email address. Check it and try again."))
        if unknown:
            names = ", ".join(unknown)
            raise ValidationError(
                _("Nobody was added, because no account has these email addresses: %(names)s.", names=names)
            )
