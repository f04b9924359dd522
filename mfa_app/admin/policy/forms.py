"""The form of a rule. It checks the shape of the input; the core checks the rest."""

from dataclasses import replace
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    SelectChoice,
    SelectField,
    SubmitField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from mfa_app.admin import blueprint
from mfa_app.core.common import clock, days
from mfa_app.core.common.errors import PasskeysOff
from mfa_app.core.factors.relying_party import relying_party
from mfa_app.core.policy import rules
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group, SitePolicy
from mfa_app.web.ui.fields import DayField, DaysField, entered, one_line, readable
from mfa_app.web.ui.forms import Form
from mfa_app.wording import dates
from mfa_app.wording.refusals import sentence

FIRST_DAY = date(2000, 1, 1)

UNKNOWN_VERSION = -1

LONGEST_MAIL_TEXT = 1000

WITHIN = _l("Enter a number of days from %(min)d to %(max)d.")


class RuleForm(Form):
    """A rule, for its preview or to be saved. `version` is that of the rule the administrator has seen."""

    required = BooleanField(_l("Require 2-factor authentication"))
    required_from = DayField(_l("Start date"), validators=[Optional()])
    grace_days = DaysField(
        _l("Grace period (days)"),
        validators=[NumberRange(0, rules.MOST_GRACE_DAYS, WITHIN)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    remember_days = DaysField(
        _l("Remember devices for (days)"),
        validators=[NumberRange(0, rules.MOST_REMEMBER_DAYS, WITHIN)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    passkey_only = BooleanField(_l("Accept passkeys only"))
    passkey_alone = BooleanField(_l("A passkey needs no password"))
    version = HiddenField()
    back = SubmitField()

    def show(self, rule: Group | SitePolicy) -> None:
        """Fill in the form with the rule of a group, or of everyone, unless it was submitted."""
        if self.is_filled():
            return
        self.version.data = str(rule.rule_version)
        self.required.data = rule.required
        self.required_from.data = _day(rule.required_from)
        self.grace_days.data, self.remember_days.data = rule.grace_days, rule.remember_days
        self.passkey_only.data, self.passkey_alone.data = rule.passkey_only, rule.passkey_alone

    def values(self, scope: Group | None) -> RuleValues:
        """Return the rule. It starts when its day does; while the day stays the same, so does the moment."""
        day, moment = self.required_from.data, rules.values_of(scope).required_from
        if day != _day(moment):
            moment = days.start_of(day) if day else None
        grace, remember = entered(self.grace_days.data), entered(self.remember_days.data)
        passkeys = self.passkey_only.data, self.passkey_alone.data
        return RuleValues(self.required.data, moment, grace, remember, *passkeys)

    def seen_version(self) -> int:
        """Return the version of the rule that the page showed; one that never was if it can't be read."""
        try:
            return int(self.version.data or "")
        except ValueError:
            return UNKNOWN_VERSION

    def validate_passkey_only(self, field: BooleanField) -> None:
        """Reject it where nobody could add a passkey."""
        if field.data and relying_party() is None:
            raise ValidationError(sentence(PasskeysOff()))

    def validate_required_from(self, field: DateField) -> None:
        """Reject days that can only be typing mistakes."""
        last = days.day_of(clock.now()) + rules.FARTHEST_START
        if field.data is None or not FIRST_DAY <= field.data <= last:
            raise ValidationError(
                _("Enter a day no later than %(date)s, or leave this empty.", date=dates.day(last))
            )


class RuleToSave(RuleForm):
    """The same with the words of its emails, which change nobody's standing."""

    mail_text = TextAreaField(
        _l("Your words in the emails"),
        filters=[one_line],
        validators=[Length(max=LONGEST_MAIL_TEXT, message=_l("Use at most %(max)d characters.")), readable],
        render_kw={"rows": 3},
    )

    def show(self, rule: Group | SitePolicy) -> None:
        """Fill in these too."""
        super().show(rule)
        if not self.is_filled():
            self.mail_text.data = rule.mail_text or ""


class PreviewedRule(RuleForm):
    """The values of a preview and one of its lists. They are part of the URL, so there is no CSRF token."""

    class Meta:
        csrf = False

    whom = SelectField(choices=[SelectChoice(whom.value, whom.value) for whom in Whom])


def _day(moment: datetime | None) -> date | None:
    return days.day_of(moment) if moment else None


def as_fields(values: RuleValues, version: int, mail_text: str = "") -> dict[str, object]:
    """Return a rule, and the version of the rule it shall replace, as fields of a form that passes it on."""
    fields: dict[str, object] = {"version": version} | ({"mail_text": mail_text} if mail_text else {})
    fields |= {"grace_days": values.grace_days, "remember_days": values.remember_days}
    for switch in ("required", "passkey_only", "passkey_alone"):
        if getattr(values, switch):
            fields[switch] = "y"
    if values.required_from:
        fields["required_from"] = dates.iso_day(values.required_from)
    return fields


@blueprint.app_template_filter("toggle_fields")
def toggle_fields(group: Group) -> dict[str, object]:
    """Return the form fields that preview switching a group's rule, with its other values unchanged."""
    present = rules.values_of(group)
    toggled = replace(present, required=not present.required)
    return as_fields(toggled, rules.version_of(group), rules.mail_text_of(group))
