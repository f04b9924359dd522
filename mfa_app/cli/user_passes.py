"""`second-gate users pass`: an access pass for somebody whose second factors were reset."""

from datetime import timedelta

import click
from flask_babel import gettext as _

from mfa_app.cli.check_options import caller_check, check_options
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_user
from mfa_app.cli.support.output import format_moment, say
from mfa_app.cli.support.types import EMAIL
from mfa_app.core.common import clock
from mfa_app.core.helpdesk import access_passes


@click.command("pass")
@click.argument("email", type=EMAIL)
@click.option(
    "--hours", type=click.IntRange(1, 8), default=1, show_default=True, help="How long the pass works."
)
@check_options
@json_option
@command_transaction
def make_pass(email: str, hours: int, checked: str, note: str | None, as_json: bool) -> None:
    """Print an access pass, this once. With it and the password, a person links an app after a reset."""
    made = access_passes.make(
        get_user(email),
        lifetime=timedelta(hours=hours),
        checked=caller_check(checked, note),
        actor=current_actor(),
        now=clock.now(),
    )
    if as_json:
        say(*json_lines({"email": email, "access_pass": made.shown, "expires_at": made.expires_at}))
        return
    say(
        _(
            "With this access pass and the password, %(email)s can link an app. "
            "It works once, until %(until)s:",
            email=email,
            until=format_moment(made.expires_at),
        ),
        "",
        f"  {made.shown}",
        "",
        _("Read it out, and never send it by email or chat."),
    )
