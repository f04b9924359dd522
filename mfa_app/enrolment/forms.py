"""The form of the linking page."""

from mfa_app.web.ui.fields import code_field
from mfa_app.web.ui.forms import Form


class EnableForm(Form):
    """The code that proves the app."""

    code = code_field()
