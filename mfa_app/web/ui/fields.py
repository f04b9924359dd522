"""The fields that several forms share."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import escape
from werkzeug.datastructures import FileStorage
from wtforms import (
    DateField,
    Field,
    IntegerField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms import FileField as WTFormsFileField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError
from wtforms.widgets import Select

from mfa_app.core.common import text
from mfa_app.core.common.errors import NotACode
from mfa_app.core.factors.recovery_codes import RecoveryCodes
from mfa_app.core.passwords.strength import MAX_LENGTH

T = TypeVar("T")


def entered(value: T | None) -> T:
    """Return the value of a field that may not be empty, in a form that is valid.

    Raises ValueError if there is none.
    """
    if value is None:
        raise ValueError("the form is not valid, or the field may be empty")
    return value


class LongSelect(Select):
    """A select with hundreds of options, which WTForms writes so slowly that it is a third of a page."""

    @classmethod
    def render_option(cls, choice: Any) -> str:
        """Return an option without attributes of its own."""
        selected = " selected" if choice.selected else ""
        return f'<option{selected} value="{escape(choice.value)}">{escape(choice.label)}</option>'


def one_line(value: str | None) -> str | None:
    """Return typed text as one line with single spaces, without the characters that show nothing."""
    return text.one_line(value) if value else value


def readable(_form: FlaskForm, field: StringField) -> None:
    """Reject what a terminal or a mail can't show: control characters, and those without a meaning."""
    if not text.is_readable(field.data or ""):
        raise ValidationError(_("Remove the characters that can't be shown."))


def name_field(
    label: str, *, missing: str, longest: int, too_long: str, autocomplete: str = "off"
) -> StringField:
    """Return a field for the name of a user or a group."""
    return StringField(
        label,
        filters=[one_line],
        validators=[DataRequired(missing), Length(max=longest, message=too_long), readable],
        render_kw={"autocomplete": autocomplete},
    )


def email_field(*, own: bool = True) -> StringField:
    """Return a field for the user's own email address or another one. The core validates the address."""
    missing = _l("Enter your email address.") if own else _l("Enter an email address.")
    return StringField(
        _l("Email address"),
        filters=[one_line],
        validators=[
            DataRequired(missing),
            Length(max=320, message=_l("Use at most %(max)d characters for an email address.")),
        ],
        render_kw={
            "type": "text",  # browsers don't send an "email" such as jörg@example.com
            "autocomplete": "username" if own else "off",
            "inputmode": "email",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )


def password_field(label: str | None = None, *, new: bool = False) -> PasswordField:
    """Return a field for a password. `new` tells password managers to suggest one."""
    return PasswordField(
        label or _l("Password"),
        validators=[
            InputRequired(_l("Choose a password.") if new else _l("Enter your password.")),
            Length(max=MAX_LENGTH, message=_l("Use at most %(max)d characters.")),
        ],
        render_kw={"autocomplete": "new-password" if new else "current-password"},
    )


class CodeField(StringField):
    """A code. It is empty after a refusal, so that the next code isn't typed behind the refused one."""

    def _value(self) -> str:
        return ""


def code_field(missing: str | None = None) -> CodeField:
    """Return a field for a code. The core validates what was typed. `missing` says where the code stands."""
    return CodeField(
        _l("6-digit code"),
        validators=[
            DataRequired(missing or _l("Enter the 6-digit code your authentication app shows.")),
            Length(max=64, message=_l("A code has 6 digits.")),
        ],
        render_kw={
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "autocapitalize": "off",
            "autocorrect": "off",
            "spellcheck": "false",
            "maxlength": False,  # a code that is pasted with its spaces is taken
        },
    )


def email_code_field() -> CodeField:
    """Return a field for a code from an email. The core validates what was typed."""
    return code_field(_l("Enter the 6-digit code from the email."))


def _is_recovery_code(_form: FlaskForm, field: StringField) -> None:
    try:
        RecoveryCodes().read(field.data or "")
    except NotACode:
        raise ValidationError(
            _("A recovery code has 16 letters and digits. Check it and try again.")
        ) from None


# A code that somebody copies from paper: nothing fills it in or corrects it.
_AS_WRITTEN: dict[str, str | bool] = {
    "autocomplete": "off",
    "autocapitalize": "none",
    "autocorrect": "off",
    "spellcheck": "false",
    "maxlength": False,
}


def recovery_code_field() -> CodeField:
    """Return a field for a recovery code. The core validates what was typed."""
    return CodeField(
        _l("Recovery code"),
        validators=[
            DataRequired(_l("Enter one of your recovery codes.")),
            Length(max=64, message=_l("A recovery code has 16 letters and digits.")),
            _is_recovery_code,
        ],
        render_kw=_AS_WRITTEN,
    )


def access_pass_field() -> CodeField:
    """Return a field for an access pass. The core validates what was typed."""
    return CodeField(
        _l("Access pass"),
        validators=[
            DataRequired(_l("Enter the access pass that the help desk gave you.")),
            Length(max=64, message=_l("An access pass has 8 letters and digits.")),
        ],
        render_kw={**_AS_WRITTEN, "autocapitalize": "characters"},
    )


def break_glass_code_field() -> CodeField:
    """Return a field for a break-glass code of the site. The core validates what was typed."""
    return CodeField(
        _l("Break-glass code"),
        validators=[
            DataRequired(_l("Enter one of the two break-glass codes.")),
            Length(max=100, message=_l("A break-glass code has 24 letters and digits.")),
        ],
        render_kw=_AS_WRITTEN,
    )


def app_name_field(label: str | None = None, *, missing: str) -> StringField:
    """Return a field for what somebody calls an authentication app or, with another label, a passkey."""
    return StringField(
        label or _l("Name of the app"),
        filters=[one_line],
        validators=[
            DataRequired(missing),
            Length(max=60, message=_l("Use at most %(max)d characters for a name.")),
            readable,
        ],
        render_kw={"autocomplete": "off"},
    )


class _NothingIfUnreadable(Field):
    """Reads other input as nothing and leaves it to the validator, which has a sentence of ours for it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None


class DaysField(_NothingIfUnreadable, IntegerField):
    """A number of days. The sentence of its validator names the bounds."""


class DayField(_NothingIfUnreadable, DateField):
    """A day."""


class FileField(WTFormsFileField):
    """A file. `data` is None if none was chosen, and for text in its place."""

    data: FileStorage | None

    def process_formdata(self, valuelist: Sequence[object]) -> None:
        sent = [value for value in valuelist if isinstance(value, FileStorage) and value.filename]
        self.data = sent[0] if sent else None


# For names, addresses and the like: what is typed stays as it is.
AS_TYPED = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}

INVALID_CHOICE = _l("Choose an option from the list.")


def reason_field(example: str) -> TextAreaField:
    """Return a field for a reason, which goes on the trail."""
    return TextAreaField(
        _l("Reason"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Enter a reason. It is kept in the audit trail.")),
            Length(min=5, max=500, message=_l("Use %(min)d to %(max)d characters for the reason.")),
            readable,
        ],
        render_kw={"rows": 3, "placeholder": example},
    )
