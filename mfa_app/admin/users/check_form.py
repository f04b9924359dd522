"""The question how a caller was checked, in the forms of what the help desk does for somebody who asks."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.web.ui.fields import INVALID_CHOICE, entered, one_line, readable
from mfa_app.web.ui.forms import Form
from mfa_app.wording.caller_check import CHOICES, called_back_on


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
