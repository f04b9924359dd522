"""The forms about groups. They check the shape of the input; the core checks the rest."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length, ValidationError

from mfa_app.core.common import email_addresses
from mfa_app.models import Group
from mfa_app.web.ui.fields import email_field, one_line
from mfa_app.web.ui.forms import Form

LONGEST_KEY = Group.name_key.type.length


class NameForm(Form):
    """The name of a group."""

    name = StringField(
        _l("Name"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Enter a name.")),
            Length(max=200, message=_l("Use at most %(max)d characters for the name of a group.")),
        ],
        render_kw={"autocomplete": "off"},
    )

    def validate_name(self, field: StringField) -> None:
        """Check the length of the name's comparison key too: letters of some scripts fold into several."""
        if len(email_addresses.fold(field.data or "")) > LONGEST_KEY:
            raise ValidationError(_("This name is too long. Choose a shorter one."))


class MemberForm(Form):
    """The user to add to a group."""

    email = email_field(own=False)


class ConfirmForm(Form):
    """Only a button."""
