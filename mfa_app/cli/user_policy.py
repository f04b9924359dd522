"""`second-gate users exempt`, `require`, `deadline` and `remind`: about one person, beside the rules."""

from datetime import date

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError, command_transaction, current_actor
from mfa_app.cli.support.lookup import get_subject, get_user
from mfa_app.cli.support.options import preview_option
from mfa_app.cli.support.output import say
from mfa_app.cli.support.types import DAY, EMAIL, ON_OR_OFF, REASON
from mfa_app.core.common import clock, days
from mfa_app.core.policy import overrides
from mfa_app.core.rollout import reminders
from mfa_app.extensions import db
from mfa_app.wording import dates
from mfa_app.wording.policy import policy_explanation
from mfa_app.wording.rollout import reminded_in_words


@click.command()
@click.argument("email", type=EMAIL)
@click.option("--until", type=DAY, required=True, help="The last day, such as 2027-03-31.")
@click.option("--reason", type=REASON, required=True, help="Why. The audit trail keeps it.")
@preview_option
@command_transaction
def exempt(email: str, until: date, reason: str, *, preview: bool) -> None:
    """Exempt a person from 2FA until the end of a day.

    If there is an exemption already, its last day and its reason change.
    """
    now = clock.now()
    first, last = overrides.possible_ends(now)
    if not first <= until <= last:
        raise CommandError(_("Choose a day in the future, no later than %(date)s.", date=dates.day(last)))
    user = get_user(email)
    overrides.exempt(user, until=days.end_of(until), reason=reason, actor=current_actor(), now=now)
    _say_policy(email, preview)


@click.command("end-exemption")
@click.argument("email", type=EMAIL)
@preview_option
@command_transaction
def end_exemption(email: str, *, preview: bool) -> None:
    """End a person's exemption now."""
    user, now = get_user(email), clock.now()
    if user.exempt_until is None or user.exempt_until <= now:
        say(_("%(email)s is not exempt.", email=user.email))
        return
    overrides.end_exemption(user, actor=current_actor(), now=now)
    _say_policy(email, preview)


@click.command()
@click.argument("email", type=EMAIL)
@click.argument("switch", type=ON_OR_OFF, metavar="on|off")
@preview_option
@command_transaction
def require(email: str, switch: str, *, preview: bool) -> None:
    """Require 2FA of a person, or leave it to the rules."""
    overrides.set_requirement(get_user(email), switch == "on", actor=current_actor(), now=clock.now())
    _say_policy(email, preview)


@click.command()
@click.argument("email", type=EMAIL)
@click.argument("day", type=DAY, required=False)
@click.option("--end", is_flag=True, help="End it: the dates of the rules hold again.")
@preview_option
@command_transaction
def deadline(email: str, day: date | None, end: bool, *, preview: bool) -> None:
    """Let a person link an app later.

    DAY, such as 2027-03-31, is the last day without an app or passkey. If the date of a rule is later, that
    date counts.
    """
    if (day is None) is not end:
        raise click.UsageError(_("Give either a day or --end."))
    overrides.set_deadline(get_user(email), day, actor=current_actor(), now=clock.now())
    _say_policy(email, preview)


@click.command()
@click.argument("email", type=EMAIL)
@command_transaction
def remind(email: str) -> None:
    """Remind a person who must still link an app, once a day."""
    reminded = reminders.remind([get_user(email)], actor=current_actor(), now=clock.now())
    say(reminded_in_words(reminded))


def _say_policy(email: str, preview: bool) -> None:
    """Print what is decided about somebody after the change; undo it if that was all that was asked."""
    say(policy_explanation(get_subject(email), now=clock.now()))
    if preview:
        db.session.rollback()
        say(_("This is a preview. Nothing has been changed."))
