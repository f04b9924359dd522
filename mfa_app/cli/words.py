"""The sentences that `groups` and `policy` share: what a rule says and whom it meets."""

from collections.abc import Iterator
from datetime import datetime

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.terminal import moment
from mfa_app.core.policy.decision import Rule
from mfa_app.core.policy.impact import Impact
from mfa_app.core.policy.rules import RuleValues

ON_OR_OFF = click.Choice(["on", "off"])


def foresight_lines(met: Impact, values: RuleValues, *, now: datetime) -> Iterator[str]:
    """Say whom a rule meets: how many people, how many of them without an app, which administrators."""
    if values.required_from and values.required_from > now:
        yield _("It holds from %(date)s UTC on.", date=moment(values.required_from))
    yield ngettext("%(num)s person falls under it.", "%(num)s people fall under it.", met.people)
    if met.not_linked:
        yield ngettext(
            "%(num)s of them has no authentication app linked yet, and has to link one.",
            "%(num)s of them have no authentication app linked yet, and have to link one.",
            met.not_linked,
        )
    if met.administrators:
        named = [
            email if linked else _("%(email)s (not linked yet)", email=email)
            for email, linked in met.administrators
        ]
        yield _("Administrators among them: %(names)s.", names=", ".join(named))


def rule_line(rule: Rule, *, now: datetime) -> str:
    """Say what one rule is for one person: "Finance: required, 14 days of grace"."""
    name = rule.group or _("Everyone")
    if not rule.required:
        return _("%(group)s: not required", group=name)
    parts = [_("required")]
    if rule.required_from:
        parts.append(_("from %(date)s UTC", date=moment(rule.required_from)))
    if rule.grace_days:
        parts.append(ngettext("%(num)s day of grace", "%(num)s days of grace", rule.grace_days))
    last = rule.enrol_by()
    if last is not None and last > now:
        parts.append(_("app to be linked by %(date)s UTC", date=moment(last)))
    return _("%(group)s: %(rule)s", group=name, rule=", ".join(parts))
