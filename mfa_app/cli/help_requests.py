"""`second-gate requests ...`: who asks the help desk for a reset."""

import click
from flask_babel import gettext as _

from mfa_app.cli.check_options import caller_check, check_options
from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.cli.support.reset_lines import lines_of_reset
from mfa_app.cli.support.types import REASON, REQUEST_NUMBER
from mfa_app.core.common import clock
from mfa_app.core.helpdesk import queue, requests
from mfa_app.core.helpdesk.queue import Entry
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.extensions import db
from mfa_app.models import User
from mfa_app.wording.user_agents import browser_name


@click.group("requests")
def commands() -> None:
    """List who waits for a reset, and answer one."""


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List who waits for a reset, the oldest request first. Only the callers know their numbers."""
    entries = queue.every(actor=current_actor(), now=clock.now())
    if as_json:
        say(*json_lines([json_facts.help_request(entry) for entry in entries]))
        return
    head = (_("EMAIL ADDRESS"), _("SINCE"), _("IP ADDRESS"), _("BROWSER"), _("REASON"))
    rows = [_row(entry) for entry in entries]
    say(*(table(head, rows) if rows else [_("Nobody is waiting.")]))


@commands.command()
@click.argument("number", type=REQUEST_NUMBER)
@click.option("--reason", type=REASON, help="Default: what the caller has said on the page.")
@check_options
@command_transaction
def answer(number: str, reason: str | None, checked: str, note: str | None) -> None:
    """Reset 2-factor authentication for the caller who reads out NUMBER.

    The caller's page then goes on by itself.
    """
    actor, now = current_actor(), clock.now()
    caller = queue.find_caller(number, actor=actor, now=now)
    user = db.session.get_one(User, caller.user_id)
    reset_second_factor(
        user,
        reason=reason or requests.get_open(caller.request_id, user, now=now).reason,
        checked=caller_check(checked, note),
        request_id=caller.request_id,
        actor=actor,
        now=now,
    )
    say(*lines_of_reset(user), _("The caller's page goes on by itself."))


def _row(entry: Entry) -> tuple[str, ...]:
    reason = _("stopped: it wasn't this person") if entry.stopped_at else entry.reason
    browser = browser_name(entry.user_agent)
    return entry.email, format_moment(entry.created_at), entry.ip_address, browser, reason
