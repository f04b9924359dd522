"""`second-gate break-glass ...`: codes for an administrator who has nothing but the password."""

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.output import format_moment, say
from mfa_app.core.common import clock
from mfa_app.core.factors import break_glass
from mfa_app.wording.commands import command_line

NEW = command_line("break-glass new")


@click.group("break-glass")
def commands() -> None:
    """Make break-glass codes, or see what is left of them."""


@commands.command()
@command_transaction
def new() -> None:
    """Make two new codes and print them, this once. Earlier codes stop working.

    With one of them and the password, an administrator can link a new app or add a passkey.
    """
    codes = break_glass.make_set(actor=current_actor(), now=clock.now())
    say(
        _("With one of these codes and the password, an administrator can link a new app or add a passkey."),
        _("Each works once:"),
        "",
        *(f"  {code}" for code in codes),
        "",
        _("Put each into an envelope and keep them in two places. Earlier codes no longer work."),
    )


@commands.command()
@command_transaction
def status() -> None:
    """Say how many codes are left, when they were made, and when one was used."""
    codes = break_glass.current_set()
    if codes.made_at is None:
        say(_("There are no break-glass codes. To make them, run: %(command)s", command=NEW))
        return
    say(
        ngettext(
            "%(num)s of %(all)s break-glass codes is left, made on %(made_at)s.",
            "%(num)s of %(all)s break-glass codes are left, made on %(made_at)s.",
            codes.left,
            all=break_glass.IN_A_SET,
            made_at=format_moment(codes.made_at),
        )
    )
    if codes.used_at is not None:
        say(
            _("One was used on %(used_at)s.", used_at=format_moment(codes.used_at)),
            _("To make new ones, run: %(command)s", command=NEW),
        )
