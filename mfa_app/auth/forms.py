"""The forms of the two gates and of mailed links; they check shape, the core checks truth."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from mfa_app.web.ui.fields import code_field, email_field, password_field, strip
from mfa_app.web.ui.forms import Form


class LoginForm(Form):
    """The first gate."""

    email = email_field()
    password = password_field()


class CodeForm(Form):
    """The second gate."""

    code = code_field()
    remember = BooleanField(default=True)


class ConfirmByCodeForm(Form):
    """A fresh code, within a session."""

    code = code_field()


class ConfirmByPasswordForm(Form):
    """The password once more, for somebody without an app."""

    password = password_field()


class ForgottenForm(Form):
    """Where to send a link for a new password."""

    email = email_field()


class ChoosePasswordForm(Form):
    """A new password, and the id of the link for which the page was shown."""

    link = HiddenField()
    password = password_field(_l("New password"), new=True)


class SetupForm(Form):
    """The first administrator."""

    name = StringField(
        _l("Your name"),
        filters=[strip],
        validators=[
            DataRequired(_l("Please enter your name.")),
            Length(max=300, message=_l("A name has at most 300 characters.")),
        ],
        render_kw={"autocomplete": "name"},
    )
    email = email_field()
    password = password_field(_l("Password"), new=True)
