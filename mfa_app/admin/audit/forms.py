"""The form that searches the audit trail. It is part of the URL, so it has no CSRF token."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from mfa_app.core.audit.events import Event
from mfa_app.core.audit.search import TrailSearch
from mfa_app.core.users import lookup
from mfa_app.web.ui.fields import DayField, LongSelect, one_line
from mfa_app.web.ui.forms import Form
from mfa_app.wording.events import event_menu

EVENTS = {event.label: event for event in Event}


def day_field(label: str) -> DayField:
    """Return a field for a day in UTC."""
    return DayField(label, validators=[Optional(), _likely_day])


def _likely_day(_form: Form, field: DayField) -> None:
    if field.data is None or not 2000 <= field.data.year <= 2100:
        raise ValidationError(_("Enter a day, or leave this empty."))


class TrailFilter(Form):
    """The search criteria."""

    class Meta:
        csrf = False

    person = StringField(
        _l("Name or email address"),
        filters=[one_line],
        validators=[Length(max=320, message=_l("Search for at most %(max)d characters."))],
        render_kw={"type": "search", "autocomplete": "off", "spellcheck": "false"},
    )
    event = SelectField(_l("Event"), default="", widget=LongSelect())
    since = day_field(_l("From"))
    until = day_field(_l("To"))

    def offer(self) -> None:
        """Set the choices."""
        self.event.choices = {"": _("Any"), **event_menu()}

    def search(self) -> TrailSearch:
        """Return the search criteria as facts. The last day is included."""
        until = self.until.data + timedelta(days=1) if self.until.data else None
        person = self.person.data or ""
        return TrailSearch(
            person=person,
            user_id=lookup.id_by_email(person) if person else None,
            event=EVENTS.get(self.event.data or ""),
            since=_moment(self.since.data),
            until=_moment(until),
        )

    def chosen(self) -> dict[str, Any]:
        """Return the fields that are filled in, as parameters for `url_for`."""
        return {field.name: str(field.data) for field in self if field.data}


def _moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
