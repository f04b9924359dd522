"""The forms about groups. They check the shape of the input; the core checks the rest."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import ValidationError

from mfa_app.core.common import email_addresses
from mfa_app.core.common.errors import NameTaken
from mfa_app.core.users import lookup
from mfa_app.models import Group, User
from mfa_app.web.ui.fields import email_field, name_field
from mfa_app.web.ui.forms import Form, shown_at

LONGEST_KEY = Group.name_key.type.length


class NameForm(Form):
    """The name of a group."""

    refusals_at = shown_at("name", NameTaken)

    name = name_field(
        _l("Name"),
        missing=_l("Enter a name."),
        longest=200,
        too_long=_l("Use at most %(max)d characters for the name of a group."),
    )

    def validate_name(self, field: StringField) -> None:
        """Check the length of the name's comparison key too: letters of some scripts fold into several."""
        if len(email_addresses.fold(field.data or "")) > LONGEST_KEY:
            raise ValidationError(_("This name is too long. Choose a shorter one."))


class MemberForm(Form):
    """The user to add to a group."""

    email = email_field(own=False)
    user: User | None = None  # whose address was entered

    def validate_email(self, field: StringField) -> None:
        """Find the user. Reject an address that no account has."""
        self.user = lookup.find_by_email(field.data or "")
        if self.user is None and not field.errors:
            raise ValidationError(_("No account has this email address. Check it and try again."))


class ConfirmForm(Form):
    """Only a button."""
