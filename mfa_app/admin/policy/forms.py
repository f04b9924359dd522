"""The form of a rule. It checks the shape of the input; the core checks the rest."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SubmitField
from wtforms.validators import NumberRange, Optional, ValidationError

from mfa_app.admin import blueprint
from mfa_app.core.common import clock
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group
from mfa_app.web.ui.fields import DayField, DaysField
from mfa_app.web.ui.forms import Form

FIRST_DAY = date(2000, 1, 1)

FURTHEST = timedelta(days=5 * 366)

WITHIN = _l("Enter a number of days from %(min)d to %(max)d.")


class RuleForm(Form):
    """A rule. The first submission shows the preview; with `confirm` the rule is saved."""

    required = BooleanField(_l("Require 2-factor authentication"))
    required_from = DayField(_l("Start date"), validators=[Optional()])
    grace_days = DaysField(
        _l("Grace period (days)"),
        validators=[NumberRange(0, 90, WITHIN)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    remember_days = DaysField(
        _l("Remember devices for (days)"),
        validators=[NumberRange(0, 365, WITHIN)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    confirm = SubmitField()
    back = SubmitField()

    def show(self, values: RuleValues) -> None:
        """Fill in the form with a rule, unless it was submitted."""
        if self.is_submitted():
            return
        self.required.data = values.required
        self.required_from.data = values.required_from.date() if values.required_from else None
        self.grace_days.data, self.remember_days.data = values.grace_days, values.remember_days

    def values(self) -> RuleValues:
        """Return the rule. A day begins at midnight UTC."""
        day = self.required_from.data
        moment = datetime.combine(day, time(), UTC) if day else None
        return RuleValues(self.required.data, moment, self.grace_days.data, self.remember_days.data)

    def validate_required_from(self, field: DateField) -> None:
        """Reject days that can only be typing mistakes."""
        last = clock.now().date() + FURTHEST
        if field.data is None or not FIRST_DAY <= field.data <= last:
            last_day = format_date(last, "d MMMM yyyy")
            raise ValidationError(
                _("Enter a day no later than %(date)s, or leave this empty.", date=last_day)
            )


def as_fields(values: RuleValues) -> dict[str, object]:
    """Return a rule as the fields of a form that passes it on."""
    fields = {"grace_days": values.grace_days, "remember_days": values.remember_days}
    if values.required:
        fields["required"] = "y"
    if values.required_from:
        fields["required_from"] = values.required_from.date().isoformat()
    return fields


@blueprint.app_template_filter("toggle_fields")
def toggle_fields(group: Group) -> dict[str, object]:
    """Return the form fields that preview switching a group's rule, with its other values unchanged."""
    present = rules.values_of(group)
    return as_fields(replace(present, required=not present.required))
