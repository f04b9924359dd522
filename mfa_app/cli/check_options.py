"""The options that say how somebody was checked who asks for a change of their account."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support.options import together
from mfa_app.cli.support.types import REASON
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way

_WAYS = {way.replace(" ", "-"): way for way in Way}

# Whoever can run a command owns the installation, and is often the administrator who is locked out: there is
# no caller unless the option says so.
check_options = together(
    click.option(
        "--checked",
        type=click.Choice(list(_WAYS)),
        default="no-caller",
        show_default=True,
        help="How you checked who is asking.",
    ),
    click.option("--note", type=REASON, help="In which other way you checked, or what else there is to say."),
)


def caller_check(checked: str, note: str | None) -> CallerCheck:
    """Return what these options say. Another way needs a note."""
    way = _WAYS[checked]
    if way is Way.ANOTHER and note is None:
        raise click.UsageError(_("Say with --note in which way you checked."))
    return CallerCheck(way, note or "")
