"""The options of `groups require` and `policy everyone`: what a rule says besides its switch."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError
from mfa_app.cli.support.options import preview_option, together
from mfa_app.cli.support.types import DAY, MAIL_TEXT
from mfa_app.core.common import clock, days
from mfa_app.core.common.errors import PasskeysOff
from mfa_app.core.factors.relying_party import relying_party
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.rules import FARTHEST_START, MOST_GRACE_DAYS, MOST_REMEMBER_DAYS, RuleValues
from mfa_app.wording import dates

# One that is left out is None: what it says stays as it is.
rule_options = together(
    click.option("--from", "start", type=DAY, help="The day on which it starts, such as 2027-03-31."),
    click.option("--at-once", is_flag=True, default=None, help="It has no start date any more."),
    click.option(
        "--grace",
        "grace_days",
        type=click.IntRange(0, MOST_GRACE_DAYS),
        help="Days in which new members may log in without an app or passkey.",
    ),
    click.option(
        "--remember",
        "remember_days",
        type=click.IntRange(0, MOST_REMEMBER_DAYS),
        help="Days for which a device is remembered.",
    ),
    click.option(
        "--passkey-only/--app-or-passkey",
        default=None,
        help="Accept passkeys only, or codes of an app as well.",
    ),
    click.option(
        "--passkey-alone/--password-too",
        default=None,
        help="Let a passkey do without the password, or not.",
    ),
    click.option(
        "--mail-text",
        type=MAIL_TEXT,
        help="Your words in the emails to people who must link an app. An empty text removes them.",
    ),
    preview_option,
    click.option(
        "--people",
        "whom",
        type=click.Choice([whom.value for whom in Whom]),
        help="With --preview: name these people.",
    ),
)


def changed(
    before: RuleValues, *, required: bool, start: date | None, at_once: bool | None, **values: Any
) -> RuleValues:
    """Return a rule as it is after a command with these options. Raises CommandError, PasskeysOff."""
    if start is not None and at_once:
        raise click.UsageError(_("Give either --from or --at-once."))
    chosen = {name: value for name, value in values.items() if value is not None}
    after = replace(before, required=required, required_from=_start(before, start, at_once), **chosen)
    if after.passkey_only and (after.required or chosen.get("passkey_only")) and relying_party() is None:
        raise PasskeysOff
    return after


def _start(before: RuleValues, start: date | None, at_once: bool | None) -> datetime | None:
    """Return when the rule starts. While the day stays the same, so does the moment."""
    moment = before.required_from
    if at_once:
        return None
    if start is None or (moment is not None and days.day_of(moment) == start):
        return moment
    last = days.day_of(clock.now()) + FARTHEST_START
    if start > last:
        raise CommandError(_("Choose a day no later than %(date)s.", date=dates.day(last)))
    return days.start_of(start)
