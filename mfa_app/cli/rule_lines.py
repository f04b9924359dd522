"""The lines that `groups` and `policy` share: what a rule says, and who it affects."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support.output import format_moment
from mfa_app.core.policy.decision import Rule
from mfa_app.core.policy.impact import Impact
from mfa_app.core.policy.rules import RuleValues


def impact_lines(impact: Impact, values: RuleValues, *, now: datetime) -> Iterator[str]:
    """Return who a rule affects: how many people, how many without an app, which administrators."""
    if values.required_from and values.required_from > now:
        yield _("This starts on %(date)s UTC.", date=format_moment(values.required_from))
    yield ngettext("It applies to %(num)s person.", "It applies to %(num)s people.", impact.people)
    if impact.not_linked:
        yield ngettext(
            "%(num)s of them has no authentication app yet and must set one up.",
            "%(num)s of them have no authentication app yet and must set one up.",
            impact.not_linked,
        )
    if impact.administrators:
        named = [
            email if linked else _("%(email)s (no app yet)", email=email)
            for email, linked in impact.administrators
        ]
        yield _("This includes these administrators: %(names)s.", names=", ".join(named))


def rule_line(rule: Rule, *, now: datetime) -> str:
    """Return what one rule means for one user, such as "Finance: required, 14 days of grace"."""
    name = rule.group or _("Everyone")
    if not rule.required:
        return _("%(group)s: not required", group=name)
    parts = [_("required")]
    if rule.required_from:
        parts.append(_("from %(date)s UTC", date=format_moment(rule.required_from)))
    if rule.grace_days:
        parts.append(ngettext("%(num)s day of grace", "%(num)s days of grace", rule.grace_days))
    last = rule.enrol_by()
    if last is not None and last > now:
        parts.append(_("app must be set up by %(date)s UTC", date=format_moment(last)))
    return _("%(group)s: %(rule)s", group=name, rule=", ".join(parts))
