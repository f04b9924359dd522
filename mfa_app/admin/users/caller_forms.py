"""The forms of what the help desk does for a caller. Most of them ask how the caller was checked."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from mfa_app.core.common.errors import (
    HelpRequestGone,
    NotARequestNumber,
    PassNotNeeded,
    ResetOfClosedAccount,
    Throttled,
    WrongRequestNumber,
)
from mfa_app.core.helpdesk.access_passes import LIFETIMES, USUAL
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.web.ui.fields import INVALID_CHOICE, entered, one_line, readable, reason_field
from mfa_app.web.ui.forms import TOP, Form, shown_at
from mfa_app.wording.caller_check import CHOICES, called_back_on
from mfa_app.wording.link_proofs import LASTING

MINUTE = timedelta(minutes=1)


class CheckedForm(Form):
    """A form that asks how the caller was checked. Nothing is chosen beforehand."""

    checked = RadioField(
        _l("How did you check who is asking?"),
        choices=[SelectChoice(way, words) for way, words in CHOICES.items()],
        validators=[DataRequired(_l("Choose how you checked. If you haven't yet, call back first."))],
        invalid_choice_message=INVALID_CHOICE,
    )
    note = StringField(
        _l("In which way?"),
        filters=[one_line],
        validators=[Length(max=200, message=_l("Use at most %(max)d characters.")), readable],
        render_kw={"autocomplete": "off"},
    )

    def validate_note(self, field: StringField) -> None:
        """Ask for the way if it is another one than those of the list."""
        if self.checked.data == Way.ANOTHER and not field.data:
            raise ValidationError(_l("Say in a few words how you checked."))

    def offer_number(self, number: str | None) -> None:
        """Show the number in the company directory that is known of the person."""
        self.checked.choices = [
            SelectChoice(way, called_back_on(number) if way is Way.CALLED_BACK else words)
            for way, words in CHOICES.items()
        ]

    def check(self) -> CallerCheck:
        """Return how the caller was checked."""
        way = Way(entered(self.checked.data))
        return CallerCheck(way, entered(self.note.data) if way is Way.ANOTHER else "")


class ResetForm(CheckedForm):
    """The reason for resetting a user's 2FA, and how the caller was checked."""

    refusals_at = shown_at(TOP, HelpRequestGone, ResetOfClosedAccount)

    reason = reason_field(_l("For example: phone lost on the train"))


class PassForm(CheckedForm):
    """How long a new access pass works."""

    refusals_at = shown_at(TOP, PassNotNeeded)

    minutes = RadioField(
        _l("How long it works"),
        choices=[SelectChoice(str(lifetime // MINUTE), LASTING[lifetime]) for lifetime in LIFETIMES],
        default=str(USUAL // MINUTE),
        invalid_choice_message=_l("Choose how long it works."),
    )

    def lifetime(self) -> timedelta:
        """Return how long the pass works."""
        return int(entered(self.minutes.data)) * MINUTE


class RequestNumberForm(Form):
    """The number that a caller reads out."""

    refusals_at = shown_at("number", NotARequestNumber, WrongRequestNumber, Throttled)

    number = StringField(
        _l("Number of the request"),
        validators=[
            DataRequired(_l("Type the 6 digits that the caller reads out.")),
            Length(max=64, message=_l("The number of a request has 6 digits.")),
        ],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", "maxlength": False},
    )


class RemovalForm(CheckedForm):
    """The reason for removing one of a user's apps or passkeys, and how the caller was checked."""

    reason = reason_field(_l("For example: security key lost on the train"))


class OpenForm(CheckedForm):
    """The reason for opening an account that its owner has locked, and how the caller was checked."""

    reason = reason_field(_l("For example: locked by mistake; password changed"))
