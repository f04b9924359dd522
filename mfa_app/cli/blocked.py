"""`second-gate blocked ...`: who has to wait after too many failed attempts."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import CommandError, command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_user
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.cli.support.types import EMAIL
from mfa_app.core.common import clock, ip_addresses
from mfa_app.core.throttling import blocked
from mfa_app.core.throttling.blocked import Blocked
from mfa_app.wording.labels import limit_name


@click.group("blocked")
def commands() -> None:
    """List who is blocked, or let them try again."""


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List the people and networks that are blocked now."""
    entries = blocked.list_blocked(now=clock.now())
    if as_json:
        say(*json_lines([json_facts.blocked(entry) for entry in entries]))
        return
    if not entries:
        say(_("Nobody is blocked."))
        return
    head = (_("WHO"), _("WHAT"), _("FAILED"), _("BLOCKED UNTIL"))
    say(*table(head, map(_row, entries)))


@commands.command()
@click.argument("who", type=EMAIL, metavar="EMAIL_OR_IP_ADDRESS")
@command_transaction
def lift(who: str) -> None:
    """Let a person, or everyone at an IP address, try again now."""
    if "@" not in who:
        done, named = _lift_network(who), who
    else:
        user = get_user(who)
        done, named = blocked.unblock(user, actor=current_actor()), user.email
    if done:
        say(_("%(who)s can try again now.", who=named))
    else:
        say(_("%(who)s wasn't blocked.", who=named))


def _lift_network(ip_address: str) -> bool:
    if ip_addresses.network(ip_address) is None:
        raise CommandError(_("Enter an email address, or an IP address such as 203.0.113.9."))
    return blocked.unblock_network(ip_address, actor=current_actor())


def _row(entry: Blocked) -> tuple[str, ...]:
    who = entry.user.email if entry.user else entry.network or ""
    until = format_moment(entry.until) if entry.until else _until_a_reset(entry)
    return who, limit_name(entry.limit), str(entry.failures), until


def _until_a_reset(entry: Blocked) -> str:
    if entry.stopped:
        return _("2-factor authentication is reset")
    return _("the password is reset by email")
