"""The forms of a person's own pages."""

from flask_babel import lazy_gettext as _l

from mfa_app.web.fields import Form, password_field


class ChangePasswordForm(Form):
    """The current password and a new one."""

    current = password_field(_l("Current password"))
    password = password_field(_l("New password"), new=True)
