"""The fields that several forms share, and the base of all forms."""

import math
from typing import Any

from flask import Response, make_response, render_template
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from mfa_app.core import clock
from mfa_app.core.errors import Refusal, Throttled
from mfa_app.core.passwords import MAX_LENGTH
from mfa_app.web.messages import sentence


class Form(FlaskForm):
    """A form to which the refusal of a verb can be pinned."""

    refusal: Refusal | None = None

    def refuse(self, refusal: Refusal, field: str | None = None) -> None:
        """Show the refusal's sentence at a field, or at the top of the form."""
        self.refusal = refusal
        (self[field].errors if field else self.form_errors).append(sentence(refusal))


def page(template: str, form: Form, **context: Any) -> Response:
    """Return the page with its form: 200; 400 if something is wrong in it; 429 with the time to wait."""
    response = make_response(render_template(template, form=form, **context))
    if form.errors:
        response.status_code = 400
    if isinstance(form.refusal, Throttled):
        seconds = (form.refusal.retry_at - clock.now()).total_seconds()
        response.status_code = 429
        response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response


def tidy(value: str | None) -> str | None:
    """Return typed text without space around it."""
    return value.strip() if value else value


def email_field(*, own: bool = True) -> StringField:
    """Return a field for an e-mail address, one's own or somebody else's, which the core checks."""
    missing = _l("Please enter your e-mail address.") if own else _l("Please enter an e-mail address.")
    return StringField(
        _l("E-mail address"),
        filters=[tidy],
        validators=[
            DataRequired(missing),
            Length(max=320, message=_l("An e-mail address has at most 320 characters.")),
        ],
        render_kw={
            "type": "email",
            "autocomplete": "username" if own else "off",
            "inputmode": "email",
            "spellcheck": "false",
        },
    )


def password_field(label: str | None = None, *, new: bool = False) -> PasswordField:
    """Return a field for a password; `new` tells password managers to offer one."""
    return PasswordField(
        label or _l("Password"),
        validators=[
            InputRequired(_l("Please enter your password.") if not new else _l("Please choose a password.")),
            Length(max=MAX_LENGTH, message=_l("A password has at most 256 characters.")),
        ],
        render_kw={"autocomplete": "new-password" if new else "current-password"},
    )


def code_field() -> StringField:
    """Return a field for the code of an authentication app; the core checks what was typed."""
    return StringField(
        _l("6-digit code"),
        validators=[
            DataRequired(_l("Please enter the 6-digit code that your authentication app shows.")),
            Length(max=64, message=_l("A code has 6 digits.")),
        ],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"},
    )
