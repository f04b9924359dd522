"""`second-gate users reset-2fa`, `remove-app` and `remove-passkey`: the apps and passkeys of a person."""

import click
from flask_babel import gettext as _

from mfa_app.cli.check_options import caller_check, check_options
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.lookup import get_factor, get_user
from mfa_app.cli.support.output import say
from mfa_app.cli.support.reset_lines import lines_of_reset
from mfa_app.cli.support.types import EMAIL, NAME, REASON
from mfa_app.core.common import clock
from mfa_app.core.factors.held import Kind
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.helpdesk.removal import remove_factor
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.wording.labels import app_name


@click.command("reset-2fa")
@click.argument("email", type=EMAIL)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def reset_2fa(email: str, reason: str, checked: str, note: str | None) -> None:
    """Reset a person's 2-factor authentication. At the next login they link an app or add a passkey."""
    user = get_user(email)
    reset_second_factor(
        user, reason=reason, checked=caller_check(checked, note), actor=current_actor(), now=clock.now()
    )
    say(*lines_of_reset(user))


@click.command("remove-app")
@click.argument("email", type=EMAIL)
@click.argument("name", type=NAME)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def remove_app(email: str, name: str, reason: str, checked: str, note: str | None) -> None:
    """Remove one of a person's apps. Their other apps and passkeys stay. “users show” has the names."""
    _remove_factor(email, Kind.APP, name, reason, caller_check(checked, note))


@click.command("remove-passkey")
@click.argument("email", type=EMAIL)
@click.argument("name", type=NAME)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def remove_passkey(email: str, name: str, reason: str, checked: str, note: str | None) -> None:
    """Remove one of a person's passkeys. Their other passkeys and apps stay. “users show” has the names."""
    _remove_factor(email, Kind.PASSKEY, name, reason, caller_check(checked, note))


def _remove_factor(email: str, kind: Kind, name: str, reason: str, checked: CallerCheck) -> None:
    user = get_user(email)
    factor = get_factor(user, kind, name)
    remove_factor(user, factor.id, reason=reason, checked=checked, actor=current_actor(), now=clock.now())
    done = _(
        "“%(factor)s” is removed for %(email)s. All sessions have ended.",
        factor=app_name(factor.name),
        email=user.email,
    )
    say(done)
