"""`second-gate policy ...`: why a user is asked for a code, and the rule for everyone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click
from flask_babel import gettext as _

from mfa_app.cli.rule_change import change_rule, own_words
from mfa_app.cli.rule_lines import rule_line
from mfa_app.cli.rule_options import rule_options
from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_subject
from mfa_app.cli.support.output import format_moment, say
from mfa_app.cli.support.types import EMAIL, ON_OR_OFF
from mfa_app.core.common import clock
from mfa_app.core.factors import passkeys
from mfa_app.core.policy import rules
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.models import User
from mfa_app.wording.labels import app_name
from mfa_app.wording.policy import policy_explanation
from mfa_app.wording.rules import rule_in_full


@click.group("policy")
def commands() -> None:
    """Explain the 2-factor policy, and change the rule for everyone."""


@commands.command()
@click.argument("email", type=EMAIL)
@command_transaction
def explain(email: str) -> None:
    """Explain why a person is or is not asked for a code."""
    subject, now = get_subject(email), clock.now()
    say(policy_explanation(subject, now), "")
    say(*(f"  {rule_line(rule, now=now)}" for rule in subject.facts.rules))
    say(*(f"  {line}" for line in _personal_facts(subject, now)))


@commands.command()
@json_option
@command_transaction
def show(*, as_json: bool) -> None:
    """Show the rule for everyone."""
    if as_json:
        say(*json_lines(json_facts.rule(None)))
        return
    say(_("Everyone: %(rule)s", rule=rule_in_full(rules.values_of(None), clock.now())))
    say(*own_words(None))


@commands.command()
@click.argument("switch", type=ON_OR_OFF, metavar="on|off")
@rule_options
@command_transaction
def everyone(switch: str, **options: Any) -> None:
    """Require 2-factor authentication for everyone, or not.

    Options that you leave out change nothing.
    """
    if switch == "on":
        done = [_("2-factor authentication is required for everyone.")]
    else:
        done = [_("The rule for everyone doesn't require 2-factor authentication. Groups still can.")]
    change_rule(None, required=switch == "on", done=done, **options)


def _personal_facts(subject: PolicySubject, now: datetime) -> Iterator[str]:
    user = subject.user
    yield _("Personal requirement: %(answer)s", answer=_("yes") if user.required else _("no"))
    yield _exemption(user, now)
    if not subject.facts.linked:
        yield _("Authentication app or passkey: none")
    for app in subject.authenticators:
        date = format_moment(app.enrolled_at)
        yield _("Authentication app: %(app)s, linked on %(date)s", app=app_name(app.name), date=date)
    for key in passkeys.of_user(user):
        date = format_moment(key.registered_at)
        yield _("Passkey: %(passkey)s, added on %(date)s", passkey=key.name, date=date)


def _exemption(user: User, now: datetime) -> str:
    if user.exempt_until is None:
        return _("Exemption: none")
    words = {"date": format_moment(user.exempt_until), "by": user.exempt_by, "reason": user.exempt_reason}
    if user.exempt_until <= now:
        return _("Exemption: ended on %(date)s, given by %(by)s (reason: %(reason)s)", **words)
    if user.exempt_since is None:
        return _("Exemption: until %(date)s, given by %(by)s (reason: %(reason)s)", **words)
    words["since"] = format_moment(user.exempt_since)
    return _("Exemption: since %(since)s, until %(date)s, given by %(by)s (reason: %(reason)s)", **words)
