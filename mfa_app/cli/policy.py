"""`flask policy ...`: why a user is asked for a code, and the rule for everyone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import click
from flask_babel import gettext as _

from mfa_app.cli.rule_lines import impact_lines, rule_line
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.lookup import get_user
from mfa_app.cli.support.output import format_moment, say
from mfa_app.cli.support.types import EMAIL, ON_OR_OFF
from mfa_app.core.common import clock
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.facts import PolicySubject, find_subject
from mfa_app.wording.policy import policy_explanation


@click.group("policy")
def commands() -> None:
    """Explain the 2-factor policy, and require it of everyone."""


@commands.command()
@click.argument("email", type=EMAIL)
@command_transaction
def explain(email: str) -> None:
    """Explain why a person is or is not asked for a code."""
    person, now = find_subject(get_user(email).id), clock.now()
    say(policy_explanation(person, now), "")
    say(*(f"  {rule_line(rule, now=now)}" for rule in person.facts.rules))
    say(*(f"  {line}" for line in _personal_facts(person, now)))


@commands.command()
@click.argument("switch", type=ON_OR_OFF, metavar="on|off")
@command_transaction
def everyone(switch: str) -> None:
    """Require 2-factor authentication for everyone, or leave it to the groups."""
    now, required = clock.now(), switch == "on"
    before = rules.values_of(None)
    values = replace(before, required=required)
    if values != before:
        version = rules.version_of(None)
        rules.set_rule(None, values, expected_version=version, actor=current_actor(), now=now)
    if not required:
        say(_("2-factor authentication is not required for everyone. The groups decide."))
        return
    say(_("2-factor authentication is required for everyone."))
    say(*impact_lines(impact.preview_impact(None, now=now), values, now=now))


def _personal_facts(person: PolicySubject, now: datetime) -> Iterator[str]:
    user = person.user
    yield _("Personal requirement: %(answer)s", answer=_("yes") if user.required else _("no"))
    yield _exemption(person, now)
    if person.authenticator is None:
        yield _("Authentication app: not set up")
    else:
        yield _(
            "Authentication app: set up on %(date)s UTC", date=format_moment(person.authenticator.enrolled_at)
        )


def _exemption(person: PolicySubject, now: datetime) -> str:
    user = person.user
    if user.exempt_until is None:
        return _("Exemption: none")
    words = {"date": format_moment(user.exempt_until), "by": user.exempt_by, "reason": user.exempt_reason}
    if user.exempt_until > now:
        return _("Exemption: until %(date)s UTC, granted by %(by)s: %(reason)s", **words)
    return _("Exemption: ended on %(date)s UTC, granted by %(by)s: %(reason)s", **words)
