"""The form of the enrolment page."""

from flask_babel import lazy_gettext as _l

from mfa_app.core.common.errors import (
    AppNameTaken,
    ExplainedCode,
    NotACode,
    PendingEnrolmentExpired,
    Throttled,
    WrongCode,
)
from mfa_app.web.ui.fields import app_name_field, code_field
from mfa_app.web.ui.forms import TOP, Form, shown_at


class EnableForm(Form):
    """The code that proves the app was set up."""

    refusals_at = shown_at("code", NotACode, WrongCode, ExplainedCode, Throttled) | shown_at(
        TOP, PendingEnrolmentExpired
    )

    code = code_field()


class EnableNamedForm(EnableForm):
    """The same for an app that needs a name, since it is not the only one."""

    refusals_at = EnableForm.refusals_at | shown_at("name", AppNameTaken)

    name = app_name_field(missing=_l("Enter a name, so that you can tell your apps apart."))
    code = code_field()  # again, because it stands below the name
