"""`second-gate users sessions`, `devices` and `end-access`: where somebody is logged in."""

from datetime import datetime

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_user
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.cli.support.types import EMAIL
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common import clock
from mfa_app.core.sessions import sessions as core
from mfa_app.core.users import accounts
from mfa_app.models import AuthSession, RememberedDevice
from mfa_app.wording.user_agents import browser_name


@click.command()
@click.argument("email", type=EMAIL)
@json_option
@command_transaction
def sessions(email: str, *, as_json: bool) -> None:
    """List where a person is logged in now."""
    user = get_user(email)
    found = core.of_user(user, now=clock.now())
    if as_json:
        say(*json_lines([json_facts.session(one) for one in found]))
        return
    if not found:
        say(_("%(email)s is not logged in.", email=user.email))
        return
    rows = [_row(one, one.created_at, one.last_seen_at) for one in found]
    say(*table((_("BROWSER"), _("IP ADDRESS"), _("SINCE"), _("LAST USED")), rows))


@click.command()
@click.argument("email", type=EMAIL)
@json_option
@command_transaction
def devices(email: str, *, as_json: bool) -> None:
    """List the remembered devices of a person."""
    user = get_user(email)
    found = remembered_devices.of_user(user, now=clock.now())
    if as_json:
        say(*json_lines([json_facts.device(one) for one in found]))
        return
    if not found:
        say(_("No device is remembered for %(email)s.", email=user.email))
        return
    rows = [_row(one, one.last_used_at, one.expires_at) for one in found]
    say(*table((_("BROWSER"), _("IP ADDRESS"), _("LAST USED"), _("REMEMBERED UNTIL")), rows))


@click.command("end-access")
@click.argument("email", type=EMAIL)
@command_transaction
def end_access(email: str) -> None:
    """End all sessions, remembered devices and links of a person."""
    user = get_user(email)
    accounts.end_access(user, actor=current_actor())
    say(_("%(email)s is logged out everywhere, and all remembered devices are removed.", email=user.email))


def _row(entry: AuthSession | RememberedDevice, *moments: datetime) -> tuple[str, ...]:
    return browser_name(entry.user_agent), entry.ip_address, *map(format_moment, moments)
