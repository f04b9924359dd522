"""`second-gate rollout ...`: the board of a roll-out, with who must still link, and reminders."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_group
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.cli.support.types import GROUP
from mfa_app.core.common import clock
from mfa_app.core.rollout import bars, board, reminders, trend
from mfa_app.core.rollout.board import Straggler
from mfa_app.models import Group
from mfa_app.wording import rollout as words
from mfa_app.wording.trend import summary

group_option = click.option("--group", "name", type=GROUP, help="Only the members of this group.")


@click.group("rollout")
def commands() -> None:
    """Show how far people have come in a roll-out, and remind them."""


@commands.command()
@group_option
@json_option
@command_transaction
def show(name: str | None, *, as_json: bool) -> None:
    """Show how many people have come how far, and how many are left."""
    scope, now = _scope(name), clock.now()
    bar, to_link = bars.bar(scope, now=now), board.to_link(scope, now=now)
    if as_json:
        say(*json_lines(json_facts.rollout(bar, to_link)))
        return
    steps = words.steps(bar)
    rows = [(step.name, str(step.people), f"{step.percent} %") for step in steps]
    say(*table((_("STEP"), _("PEOPLE"), _("OF ALL")), rows))
    say(words.to_link_in_words(to_link))
    say(summary(trend.points(scope, now=now)))


@commands.command("list")
@group_option
@json_option
@command_transaction
def list_(name: str | None, *, as_json: bool) -> None:
    """List who must still link an app or add a passkey."""
    people = board.all_stragglers(_scope(name), now=clock.now())
    if as_json:
        say(*json_lines([json_facts.straggler(person) for person in people]))
        return
    head = (_("EMAIL ADDRESS"), _("NAME"), _("SO FAR"), _("BY"), _("REMINDED"))
    rows = [_row(person) for person in people]
    say(*(table(head, rows) if rows else [words.to_link_in_words(0)]))


@commands.command()
@group_option
@command_transaction
def remind(name: str | None) -> None:
    """Remind all who must still link an app, each once a day."""
    reminded = reminders.remind_all(_scope(name), actor=current_actor(), now=clock.now())
    say(words.reminded_in_words(reminded))


def _scope(name: str | None) -> Group | None:
    return get_group(name) if name is not None else None


def _row(person: Straggler) -> tuple[str, ...]:
    by = format_moment(person.link_by) if person.link_by else _("now")
    so_far = words.progress_name(person.progress)
    return person.email, person.name, so_far, by, format_moment(person.reminded_at)
