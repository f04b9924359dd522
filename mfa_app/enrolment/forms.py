"""The form of the linking page."""

from mfa_app.web.fields import Form, code_field


class EnableForm(Form):
    """The code that proves the app."""

    code = code_field()
