"""`second-gate users join`, `leave` and `scope`: the groups of a person, and those that one helps."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.lookup import get_group, get_groups, get_subject, get_user
from mfa_app.cli.support.options import preview_option
from mfa_app.cli.support.output import say
from mfa_app.cli.support.types import EMAIL, GROUP
from mfa_app.core.common import clock
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import scopes
from mfa_app.core.policy import foresight
from mfa_app.wording.foresight import foresight_sentence
from mfa_app.wording.policy import policy_explanation
from mfa_app.wording.scopes import now_helps


@click.command()
@click.argument("email", type=EMAIL)
@click.option("--group", "names", type=GROUP, multiple=True, help="Helps only this group. Repeatable.")
@click.option("--everyone", is_flag=True, help="Helps all staff again.")
@command_transaction
def scope(email: str, names: tuple[str, ...], everyone: bool) -> None:
    """Limit a person of the help desk to certain groups."""
    if bool(names) is everyone:
        raise click.UsageError(_("Give either groups or --everyone."))
    user, given = get_user(email), None if everyone else get_groups(names)
    scopes.limit(user, given, actor=current_actor())
    say(now_helps(user.email, given))


@click.command()
@click.argument("email", type=EMAIL)
@click.argument("group", type=GROUP)
@preview_option
@command_transaction
def join(email: str, group: str, *, preview: bool) -> None:
    """Add a person to a group."""
    user, target = get_user(email), get_group(group)
    if preview:
        say(foresight_sentence(foresight.of_membership(get_subject(email), joins=[target], now=clock.now())))
        return
    if groups.add_member(target, user, actor=current_actor(), now=clock.now()):
        say(_("%(email)s is now in %(group)s.", email=user.email, group=target.name))
        say(policy_explanation(get_subject(email), clock.now()))
    else:
        say(_("%(email)s is already in %(group)s.", email=user.email, group=target.name))


@click.command()
@click.argument("email", type=EMAIL)
@click.argument("group", type=GROUP)
@preview_option
@command_transaction
def leave(email: str, group: str, *, preview: bool) -> None:
    """Remove a person from a group."""
    user, target = get_user(email), get_group(group)
    if preview:
        say(foresight_sentence(foresight.of_membership(get_subject(email), leaves=[target], now=clock.now())))
        return
    if groups.remove_member(target, user, actor=current_actor()):
        say(_("%(email)s is no longer in %(group)s.", email=user.email, group=target.name))
    else:
        say(_("%(email)s was not in %(group)s.", email=user.email, group=target.name))
    say(policy_explanation(get_subject(email), clock.now()))
