"""The forms of the user's own pages."""

from flask_babel import lazy_gettext as _l

from mfa_app.web.ui.fields import password_field
from mfa_app.web.ui.forms import Form


class ChangePasswordForm(Form):
    """The current password and a new one."""

    current = password_field(_l("Current password"))
    password = password_field(_l("New password"), new=True)
