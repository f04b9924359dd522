"""The options of `groups require` and `policy everyone` that say what a rule asks of passkeys."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from mfa_app.core.common.errors import PasskeysOff
from mfa_app.core.factors.relying_party import relying_party
from mfa_app.core.policy.rules import RuleValues

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--passkey-only/--app-or-passkey",
        default=None,
        help="Accept passkeys only, or codes of an app as well. Without this it stays as it is.",
    ),
    click.option(
        "--passkey-alone/--password-too",
        default=None,
        help="Let a passkey do without the password, or not. Without this it stays as it is.",
    ),
)


preview_option = click.option(
    "--preview", is_flag=True, help="Only say what this would do, and change nothing."
)


def passkey_options(command: Command) -> Command:
    """Give a command these options. One that is left out is None."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def changed(before: RuleValues, *, required: bool, passkeys: dict[str, bool | None]) -> RuleValues:
    """Return a rule as it is after a command with these options. Raises PasskeysOff."""
    chosen: dict[str, Any] = {name: value for name, value in passkeys.items() if value is not None}
    values = replace(before, required=required, **chosen)
    if values.passkey_only and (values.required or chosen.get("passkey_only")) and relying_party() is None:
        raise PasskeysOff
    return values
