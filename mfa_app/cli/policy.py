"""`flask policy ...`: why somebody is asked for a code, and the rule for everyone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import click
from flask_babel import gettext as _

from mfa_app.cli.terminal import EMAIL, actor, moment, person_named, saves
from mfa_app.cli.words import ON_OR_OFF, foresight_lines, rule_line
from mfa_app.core.common import clock
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.facts import PolicySubject, find_subject
from mfa_app.wording.policy import policy_explanation


@click.group("policy")
def commands() -> None:
    """Policy: explain it, and require 2-factor authentication of everyone."""


@commands.command()
@click.argument("email", type=EMAIL)
@saves
def explain(email: str) -> Iterator[str]:
    """Say why a person is or is not asked for a code."""
    person, now = find_subject(person_named(email).id), clock.now()
    yield policy_explanation(person, now)
    yield ""
    yield from (f"  {rule_line(rule, now=now)}" for rule in person.facts.rules)
    yield from (f"  {line}" for line in _own_facts(person, now))


@commands.command()
@click.argument("switch", type=ON_OR_OFF, metavar="on|off")
@saves
def everyone(switch: str) -> Iterator[str]:
    """Require 2-factor authentication of everyone, or leave it to the groups."""
    now, required = clock.now(), switch == "on"
    before = rules.values_of(None)
    values = replace(before, required=required)
    if values != before:
        rules.set_rule(None, values, actor=actor(), now=now)
    if not required:
        yield _("2-factor authentication is not required of everyone; the groups decide.")
        return
    yield _("2-factor authentication is required of everyone.")
    yield from foresight_lines(impact.preview_impact(None, now=now), values, now=now)


def _own_facts(person: PolicySubject, now: datetime) -> Iterator[str]:
    user = person.user
    yield _("Own requirement: %(answer)s", answer=_("yes") if user.required else _("no"))
    if user.exempt_until is None:
        yield _("Own exemption: none")
    else:
        words = {"date": moment(user.exempt_until), "by": user.exempt_by, "reason": user.exempt_reason}
        if user.exempt_until > now:
            yield _("Own exemption: until %(date)s UTC, given by %(by)s: %(reason)s", **words)
        else:
            yield _("Own exemption: over since %(date)s UTC, given by %(by)s: %(reason)s", **words)
    if person.authenticator is None:
        yield _("Authentication app: not linked")
    else:
        yield _("Authentication app: linked on %(date)s UTC", date=moment(person.authenticator.enrolled_at))
