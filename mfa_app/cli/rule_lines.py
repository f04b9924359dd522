"""The lines that `groups` and `policy` share: what a rule says, and who it affects."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.policy.decision import Rule
from mfa_app.core.policy.impact import Impact
from mfa_app.core.policy.rules import RuleValues
from mfa_app.wording import dates


def impact_lines(impact: Impact, values: RuleValues, *, now: datetime) -> Iterator[str]:
    """Return who a rule affects: how many people, how many without an app, which administrators."""
    if values.required_from and values.required_from > now:
        yield _("This starts on %(date)s.", date=dates.plain_time(values.required_from))
    yield ngettext("It applies to %(num)s person.", "It applies to %(num)s people.", impact.people)
    if impact.not_linked:
        yield ngettext(
            "%(num)s of them hasn't linked an app yet and must link one.",
            "%(num)s of them haven't linked an app yet and must link one.",
            impact.not_linked,
        )
    if impact.administrators:
        emails = [
            email if linked else _("%(email)s (not linked)", email=email)
            for email, linked in impact.administrators
        ]
        yield _("This includes these administrators: %(names)s.", names=", ".join(emails))


def rule_line(rule: Rule, *, now: datetime) -> str:
    """Return what one rule means for one user, such as "Finance: required, grace period of 14 days"."""
    name = rule.group or _("Everyone")
    if not rule.required:
        return _("%(group)s: not required", group=name)
    parts = [_("required")]
    if rule.required_from:
        parts.append(_("from %(date)s", date=dates.plain_time(rule.required_from)))
    if rule.grace_days:
        parts.append(ngettext("grace period of %(num)s day", "grace period of %(num)s days", rule.grace_days))
    enrol_by = rule.enrol_by()
    if enrol_by is not None and enrol_by > now:
        parts.append(_("app must be linked by %(date)s", date=dates.plain_time(enrol_by)))
    return _("%(group)s: %(rule)s", group=name, rule=", ".join(parts))
