"""`second-gate requests ...`: who asks the help desk for a reset."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.core.common import clock
from mfa_app.core.helpdesk import queue
from mfa_app.core.helpdesk.queue import Entry
from mfa_app.wording.user_agents import browser_name


@click.group("requests")
def commands() -> None:
    """List who waits for a reset, and answer one."""


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List who waits for a reset, the oldest request first. The numbers are with the callers."""
    entries = queue.all_waiting(actor=current_actor(), now=clock.now())
    if as_json:
        say(*json_lines([json_facts.help_request(entry) for entry in entries]))
        return
    head = (_("EMAIL ADDRESS"), _("SINCE"), _("IP ADDRESS"), _("BROWSER"), _("REASON"))
    rows = [_row(entry) for entry in entries]
    say(*(table(head, rows) if rows else [_("Nobody is waiting.")]))


def _row(entry: Entry) -> tuple[str, ...]:
    reason = _("stopped: it wasn't this person") if entry.stopped_at else entry.reason
    browser = browser_name(entry.user_agent)
    return entry.email, format_moment(entry.created_at), entry.ip_address, browser, reason
