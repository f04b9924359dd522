"""The forms about the policy of one user: a later deadline, and an exemption."""

from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectChoice, SelectField
from wtforms.validators import ValidationError

from mfa_app.core.common import clock, days
from mfa_app.core.policy import overrides
from mfa_app.web.ui.fields import entered, reason_field
from mfa_app.web.ui.forms import Form
from mfa_app.wording import dates

OTHER_DAY = "day"  # the choice of a last day of one's own


class DeadlineForm(Form):
    """A person's last day without an app or passkey. The core checks which days are possible."""

    last_day = DateField(_l("Last day without an app or passkey"))


class ExemptionForm(Form):
    """The last day of an exemption from 2FA, or its length in place of the day, and the reason for it."""

    length = SelectField(_l("How long"), validate_choice=False)
    until = DateField(_l("Last day"))
    reason = reason_field(_l("For example: works in a laboratory where phones aren't allowed"))

    def offer(self) -> None:
        """Set the choices: lengths, each with its last day, and another day."""
        names = {"week": _("1 week"), "two-weeks": _("2 weeks"), "month": _("1 month")}
        ends = self._ends()
        lengths = [
            SelectChoice(value, _("%(length)s, until %(date)s", length=name, date=dates.weekday(ends[value])))
            for value, name in names.items()
        ]
        self.length.choices = [*lengths, SelectChoice(OTHER_DAY, _("Until another day"))]

    @property
    def first_day(self) -> date:
        return overrides.possible_ends(clock.now())[0]

    @property
    def last_day(self) -> date:
        return overrides.possible_ends(clock.now())[1]

    def validate_until(self, field: DateField) -> None:
        """Accept only days in the future, at most a year ahead, and no other day beside a length."""
        end = self._ends().get(self.length.data or "")
        if end is not None:
            typed = field.data if field.data != field.object_data else None
            field.errors = []
            if typed not in (None, end):
                raise ValidationError(_("You chose a length and another day. Choose one of them."))
            field.data = end
        if field.data is None or not self.first_day <= field.data <= self.last_day:
            field.errors = []
            last = dates.day(self.last_day)
            raise ValidationError(_("Choose a day in the future, no later than %(date)s.", date=last))

    def until_moment(self) -> datetime:
        """Return the last moment of the last day."""
        return days.end_of(entered(self.until.data))

    def _ends(self) -> dict[str, date]:
        today = days.day_of(clock.now())
        month = days.month_after(today)
        return {"week": today + timedelta(days=7), "two-weeks": today + timedelta(days=14), "month": month}
