"""The form of the enrolment page."""

from mfa_app.core.common.errors import NotACode, PendingEnrolmentExpired, Throttled, WrongCode
from mfa_app.web.ui.fields import code_field
from mfa_app.web.ui.forms import TOP, Form, shown_at


class EnableForm(Form):
    """The code that proves the app was set up."""

    refusals_at = shown_at("code", NotACode, WrongCode, Throttled) | shown_at(TOP, PendingEnrolmentExpired)

    code = code_field()
