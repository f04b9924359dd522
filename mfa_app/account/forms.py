"""The forms of the user's own pages."""

from flask_babel import lazy_gettext as _l

from mfa_app.core.common.errors import PasswordLocked, Throttled, UnacceptablePassword, WrongPassword
from mfa_app.web.ui.fields import password_field
from mfa_app.web.ui.forms import Form, shown_at


class ChangePasswordForm(Form):
    """The current password and a new one."""

    refusals_at = shown_at("current", WrongPassword, PasswordLocked, Throttled) | shown_at(
        "password", UnacceptablePassword
    )

    current = password_field(_l("Current password"))
    password = password_field(_l("New password"), new=True)
