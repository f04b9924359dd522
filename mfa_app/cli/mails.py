"""`second-gate mails ...`: emails that could not be sent."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.cli.support.types import EMAIL
from mfa_app.core.common import clock
from mfa_app.core.common.email_addresses import key_of
from mfa_app.core.mail import failed
from mfa_app.core.mail.failed import FailedMail
from mfa_app.wording.mails import mail_name, tried_again


@click.group("mails")
def commands() -> None:
    """List emails that could not be sent, or try them again."""


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List emails that could not be sent, the newest first."""
    mails = failed.every(actor=current_actor())
    if as_json:
        say(*json_lines([json_facts.failed_mail(mail) for mail in mails]))
        return
    head = (_("TO"), _("EMAIL"), _("WRITTEN"), _("NEXT ATTEMPT"), _("ANSWER OF THE MAIL SERVER"))
    rows = [_row(mail) for mail in mails]
    say(*(table(head, rows) if rows else [_("No email has failed.")]))


@commands.command("try-again")
@click.option("--to", type=EMAIL, help="Only those to this address, even if they have a next attempt.")
@command_transaction
def try_again(to: str | None) -> None:
    """Try again all emails that failed for good."""
    actor, now = current_actor(), clock.now()
    if to is None:
        say(tried_again(failed.try_all_again(actor=actor, now=now)))
        return
    mails = [mail for mail in failed.every(actor=actor) if key_of(mail.to) == key_of(to)]
    say(tried_again(sum(failed.try_again(mail, actor=actor, now=now) for mail in mails)))


def _row(mail: FailedMail) -> tuple[str, ...]:
    written, again = format_moment(mail.created_at), format_moment(mail.next_attempt_at)
    return mail.to, mail_name(mail.mail), written, again, mail.answer
