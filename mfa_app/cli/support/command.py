"""How every command runs: who acts, when it is saved, and the sentence that a failure becomes."""

import contextlib
import functools
import io
import os
import pwd
import sys
from collections.abc import Callable
from typing import Any

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.cli.support import migrations
from mfa_app.cli.support.output import print_line, print_pending
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import Interruption, Refusal
from mfa_app.core.keys.vault import CannotUnseal
from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.smtp import AT_THE_TERMINAL
from mfa_app.core.operations import health_checks
from mfa_app.extensions import db
from mfa_app.settings import SettingError, Settings
from mfa_app.site import site
from mfa_app.wording.health import describe, keys_do_not_fit
from mfa_app.wording.refusals import sentence


class CommandError(click.ClickException):
    """Ends the command: its sentence goes to stderr, the exit code is 1, and nothing is saved."""

    def show(self, file: Any = None) -> None:
        print_line(self.message, stderr=True)


def command_transaction(command: Callable[..., None]) -> Callable[..., None]:
    """Run a command in the application, commit once, then print its lines and send its emails.

    Other emails that wait are left to the site: whoever lists people waits for none. If anything fails, roll
    back and end with one sentence.
    """
    # Commands call `output.say` instead of printing, and the lines appear after the commit. Nobody can then
    # read "done" before it is true, even if a new command forgets about it; the cost is that the lines are
    # held in memory. Output that is too long for that, and claims nothing, uses print_line (`audit lines`).

    @with_appcontext
    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        mails = outbox.follow()
        try:
            command(*arguments, **options)
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            raise _error_for(error) from None
        print_pending()
        with contextlib.suppress(SQLAlchemyError):  # the change is saved; the site sends the emails later
            delivery.deliver_these(mails, AT_THE_TERMINAL)

    return run


def current_actor() -> Actor:
    """Return the actor: the operating system's user who runs the command."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Actor(ActorKind.TERMINAL, name)


def _error_for(error: Exception) -> Exception:
    if isinstance(error, Refusal | Interruption):
        return CommandError(sentence(error))
    if isinstance(error, SQLAlchemyError):
        return CommandError(migrations.sentence_about(error))
    if isinstance(error, SettingError):
        return CommandError(str(error))
    if isinstance(error, migrations.NewerDatabase):
        return CommandError(migrations.newer_sentence())
    if isinstance(error, migrations.OlderNodesRunning):
        return CommandError(migrations.older_nodes_sentence(error))
    if isinstance(error, OSError) and error.filename:
        return CommandError(
            _("Could not use %(file)s: %(reason)s.", file=error.filename, reason=error.strerror)
        )
    if isinstance(error, CannotUnseal):
        return CommandError(_about_seals(site()[Settings]))
    return error


def _about_seals(settings: Settings) -> str:
    """Return the sentence about keys that do not fit, or about the text that was changed."""
    check = health_checks.check_seals()
    return str(describe(check, settings) if check.problem else keys_do_not_fit(settings))
