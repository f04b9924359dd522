"""The forms of the user's own pages."""

from flask_babel import lazy_gettext as _l

from mfa_app.core.common.errors import (
    AppNameTaken,
    PasskeyNameTaken,
    PasswordLocked,
    Throttled,
    UnacceptablePassword,
    WrongPassword,
)
from mfa_app.web.ui.fields import app_name_field, password_field
from mfa_app.web.ui.forms import Form, shown_at


class AppNameForm(Form):
    """What the user calls an authentication app."""

    refusals_at = shown_at("name", AppNameTaken)

    name = app_name_field(missing=_l("Enter a name for the app."))


class PasskeyNameForm(Form):
    """What the user calls a passkey."""

    refusals_at = shown_at("name", PasskeyNameTaken)

    name = app_name_field(_l("Name of the passkey"), missing=_l("Enter a name for the passkey."))


class ChangePasswordForm(Form):
    """The current password and a new one."""

    refusals_at = shown_at("current", WrongPassword, PasswordLocked, Throttled) | shown_at(
        "password", UnacceptablePassword
    )

    current = password_field(_l("Current password"))
    password = password_field(_l("New password"), new=True)
