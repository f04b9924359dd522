"""The lines that `groups` and `policy` share: what a rule says, and who it affects."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support.output import format_moment
from mfa_app.core.policy.decision import Rule
from mfa_app.core.policy.impact import Impact
from mfa_app.core.policy.rules import RuleValues
from mfa_app.wording.impact import impact_sentences


def impact_lines(impact: Impact, before: RuleValues, after: RuleValues) -> Iterator[str]:
    """Return what a change of a rule does: who is asked until now and afterwards, which administrators."""
    if after.required and after.required_from and after.required_from > impact.today.at:
        yield _("This starts on %(date)s.", date=format_moment(after.required_from))
    if after.required:
        yield ngettext("It applies to %(num)s person.", "It applies to %(num)s people.", impact.people)
    yield from impact_sentences(impact, before, after)
    if not after.required:
        return
    if impact.administrators:
        emails = [
            _administrator(email, linked, has_passkey or not after.passkey_only)
            for email, linked, has_passkey in impact.administrators
        ]
        yield _("This includes these administrators: %(names)s.", names=", ".join(emails))


def _administrator(email: str, linked: bool, has_what_counts: bool) -> str:
    if not linked:
        return _("%(email)s (not linked)", email=email)
    return email if has_what_counts else _("%(email)s (no passkey)", email=email)


def rule_line(rule: Rule, *, now: datetime) -> str:
    """Return what one rule means for one user, such as "Finance: required, grace period of 14 days"."""
    name = rule.group or _("Everyone")
    if not rule.required:
        return _("%(group)s: not required", group=name)
    parts = [_("required")]
    if rule.required_from:
        parts.append(_("from %(date)s", date=format_moment(rule.required_from)))
    if rule.passkey_only:
        parts.append(_("passkey only"))
    if rule.passkey_alone:
        parts.append(_("a passkey needs no password"))
    if rule.grace_days:
        parts.append(ngettext("grace period of %(num)s day", "grace period of %(num)s days", rule.grace_days))
    enrol_by = rule.enrol_by()
    if enrol_by is not None and enrol_by > now:
        parts.append(_("app or passkey needed by %(date)s", date=format_moment(enrol_by)))
    return _("%(group)s: %(rule)s", group=name, rule=", ".join(parts))
