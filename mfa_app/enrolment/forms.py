"""The form of the enrolment page."""

from mfa_app.web.ui.fields import code_field
from mfa_app.web.ui.forms import Form


class EnableForm(Form):
    """The code that proves the app was set up."""

    code = code_field()
