"""Words for a rule: what a group, or the whole site, asks of its people, and what a change would do."""

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group, SitePolicy
from mfa_app.wording import dates


def rule_sentence(rule: RuleValues | Group | SitePolicy, now: datetime) -> str:
    """Return a rule in one line: "Required since 1 Mar 2026, devices remembered for 30 days"."""
    if not rule.required:
        return _("Not required")
    return ", ".join(part for part in (_since(rule, now), *_values(rule)) if part)


def rule_in_full(rule: RuleValues, now: datetime) -> str:
    """Return a rule in one line with all its values, even those that count only once it is switched on."""
    if rule.required:
        return rule_sentence(rule, now)
    since = _since(rule, now) if rule.required_from else ""
    values = ", ".join(part for part in (since, *_values(rule)) if part)
    return _("Not required (once switched on: %(values)s)", values=values)


def rule_state(rule: RuleValues | Group | SitePolicy, now: datetime) -> str:
    """Return "on", "off", or "coming" when the rule holds from a later date."""
    if not rule.required:
        return "off"
    return "coming" if rule.required_from is not None and rule.required_from > now else "on"


def kind_of_change(before: RuleValues, after: RuleValues, *, reworded: bool = False) -> str:
    """Return what a change does to a rule: "on", "off", "kept" (other values), or "same".

    "words" if nothing but the words of its emails change.
    """
    if before == after:
        return "words" if reworded else "same"
    if before.required != after.required:
        return "on" if after.required else "off"
    return "kept"


def _values(rule: RuleValues | Group | SitePolicy) -> tuple[str, ...]:
    return _passkeys(rule), _grace(rule), _remembering(rule)


def _passkeys(rule: RuleValues | Group | SitePolicy) -> str:
    words = {
        (True, False): _("passkey only"),
        (False, True): _("a passkey needs no password"),
        (True, True): _("passkey only, without a password"),
    }
    return words.get((rule.passkey_only, rule.passkey_alone), "")


def _since(rule: RuleValues | Group | SitePolicy, now: datetime) -> str:
    if rule.required_from is None:
        return _("Required")
    words = _("Required from %(date)s") if rule.required_from > now else _("Required since %(date)s")
    return words % {"date": dates.short_day(rule.required_from)}


def _grace(rule: RuleValues | Group | SitePolicy) -> str:
    if not rule.grace_days:
        return ""
    return ngettext("grace period of %(num)s day", "grace period of %(num)s days", rule.grace_days)


def _remembering(rule: RuleValues | Group | SitePolicy) -> str:
    if not rule.remember_days or rule.passkey_only:
        return _("no devices remembered")
    return ngettext(
        "devices remembered for %(num)s day", "devices remembered for %(num)s days", rule.remember_days
    )
