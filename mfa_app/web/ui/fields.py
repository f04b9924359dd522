"""The fields that several forms share."""

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    IntegerField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length

from mfa_app.core.passwords.strength import MAX_LENGTH


def strip(value: str | None) -> str | None:
    """Return typed text without surrounding whitespace."""
    return value.strip() if value else value


def email_field(*, own: bool = True) -> StringField:
    """Return a field for the user's own e-mail address or another one. The core validates the address."""
    missing = _l("Please enter your e-mail address.") if own else _l("Please enter an e-mail address.")
    return StringField(
        _l("E-mail address"),
        filters=[strip],
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
    """Return a field for a password. `new` tells password managers to suggest one."""
    return PasswordField(
        label or _l("Password"),
        validators=[
            InputRequired(_l("Please enter your password.") if not new else _l("Please choose a password.")),
            Length(max=MAX_LENGTH, message=_l("A password has at most 256 characters.")),
        ],
        render_kw={"autocomplete": "new-password" if new else "current-password"},
    )


def code_field() -> StringField:
    """Return a field for a code. The core validates what was typed."""
    return StringField(
        _l("6-digit code"),
        validators=[
            DataRequired(_l("Please enter the 6-digit code that your authentication app shows.")),
            Length(max=64, message=_l("A code has 6 digits.")),
        ],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"},
    )


class DaysField(IntegerField):
    """A number of days. Other input is left to the validator, whose sentence names the bounds."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None


class DayField(DateField):
    """A day. Other input is left to the validator."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None


INVALID_CHOICE = _l("Please choose one of those that the page offers.")


def one_line(value: str | None) -> str | None:
    """Return typed text as one line with single spaces."""
    return " ".join(value.split()) if value else value


def reason_field(example: str) -> TextAreaField:
    """Return a field for a reason, which goes on the trail."""
    return TextAreaField(
        _l("Reason"),
        filters=[strip],
        validators=[
            DataRequired(_l("Please enter a reason. It is kept on the audit trail.")),
            Length(min=5, max=500, message=_l("A reason has 5 to 500 characters.")),
        ],
        render_kw={"rows": 3, "maxlength": 500, "placeholder": example},
    )
