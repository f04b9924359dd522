"""`second-gate rollout ...`: how far people have come in a roll-out, in the numbers of the board."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_group
from mfa_app.cli.support.output import say, table
from mfa_app.cli.support.types import GROUP
from mfa_app.core.common import clock
from mfa_app.core.rollout import bars, board, trend
from mfa_app.wording import rollout as words
from mfa_app.wording.trend import summary


@click.group("rollout")
def commands() -> None:
    """Show how far people have come in a roll-out."""


@commands.command()
@click.option("--group", "name", type=GROUP, help="Only the members of this group.")
@json_option
@command_transaction
def show(name: str | None, *, as_json: bool) -> None:
    """Show how many people have come how far, and how many must still link."""
    scope, now = get_group(name) if name is not None else None, clock.now()
    bar, to_link = bars.bar(scope, now=now), board.to_link(scope, now=now)
    if as_json:
        say(*json_lines(json_facts.rollout(bar, to_link)))
        return
    steps = words.steps(bar)
    rows = [(step.name, str(step.people), f"{step.percent} %") for step in steps]
    say(*table((_("STEP"), _("PEOPLE"), _("OF ALL")), rows))
    say(words.to_link_in_words(to_link))
    say(summary(trend.points(scope, now=now)))
