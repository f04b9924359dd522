"""The form that searches the audit trail; it comes in the address, so it has no CSRF token."""

from datetime import UTC, date, datetime, time, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from mfa_app.admin.policy_forms import DayField
from mfa_app.core.audit import Event
from mfa_app.core.trail import Search
from mfa_app.web.event_words import event_name
from mfa_app.web.fields import Form, tidy

EVENTS = {event.label: event for event in Event}


def day_field(label: str) -> DayField:
    """Return a field for a day in UTC."""
    return DayField(label, validators=[Optional(), _likely_day])


def _likely_day(_form: Form, field: DayField) -> None:
    if field.data is None or not 2000 <= field.data.year <= 2100:
        raise ValidationError(_("Please enter a day, or leave this empty."))


class TrailFilter(Form):
    """What to look for."""

    class Meta:
        csrf = False

    person = StringField(
        _l("E-mail address"),
        filters=[tidy],
        validators=[Length(max=320, message=_l("An e-mail address has at most 320 characters."))],
        render_kw={"type": "search", "autocomplete": "off", "inputmode": "email", "spellcheck": "false"},
    )
    event = SelectField(_l("Event"), default="")
    since = day_field(_l("From"))
    until = day_field(_l("To"))

    def offer(self) -> None:
        """Set what there is to choose from."""
        self.event.choices = [("", _("Any")), *((label, event_name(label)) for label in EVENTS)]

    def search(self) -> Search:
        """Return the facts to search by; the last day counts whole."""
        until = self.until.data + timedelta(days=1) if self.until.data else None
        return Search(
            self.person.data or "", EVENTS.get(self.event.data), _moment(self.since.data), _moment(until)
        )

    def chosen(self) -> dict[str, str]:
        """Return what has been filled in, as it stands in the address."""
        return {field.name: str(field.data) for field in self if field.data}


def _moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
