"""The forms about groups; they check shape, the core checks truth."""

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
    """What a group is called."""

    name = StringField(
        _l("Name"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Please enter a name.")),
            Length(max=200, message=_l("The name of a group has at most 200 characters.")),
        ],
        render_kw={"autocomplete": "off"},
    )

    def validate_name(self, field: StringField) -> None:
        """The name fits as it is compared, too: a few letters of some scripts grow then."""
        if len(email_addresses.fold(field.data or "")) > LONGEST_KEY:
            raise ValidationError(_("This name is too long. Please choose a shorter one."))


class MemberForm(Form):
    """Whom to put into a group."""

    email = email_field(own=False)


class ConfirmForm(Form):
    """A button alone."""
