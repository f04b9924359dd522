"""`second-gate groups ...`: groups and their rules."""

from dataclasses import replace
from typing import Any

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.rule_change import change_rule, own_words
from mfa_app.cli.rule_lines import impact_lines
from mfa_app.cli.rule_options import rule_options
from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_counted_group, get_group
from mfa_app.cli.support.options import preview_option
from mfa_app.cli.support.output import fact_lines, format_moment, say, table
from mfa_app.cli.support.types import GROUP, ON_OR_OFF
from mfa_app.core.common import clock
from mfa_app.core.groups import groups
from mfa_app.core.groups.groups import GroupWithCounts
from mfa_app.core.operations import counts
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import reminders
from mfa_app.wording.rollout import reminded_in_words
from mfa_app.wording.rules import rule_in_full


@click.group("groups")
def commands() -> None:
    """Create and list groups, and change their rules."""


@commands.command()
@click.argument("name", type=GROUP)
@click.option("--require-2fa", is_flag=True, help="Require 2-factor authentication for its members.")
@command_transaction
def add(name: str, require_2fa: bool) -> None:
    """Create a group."""
    now = clock.now()
    group = groups.create(name, actor=current_actor(), now=now)
    say(_("Group %(name)s created.", name=group.name))
    if require_2fa:
        rules.set_rule(group, RuleValues(required=True), actor=current_actor(), now=now)
        say(_("It requires 2-factor authentication."))


@commands.command("list")
@json_option
@command_transaction
def list_(*, as_json: bool) -> None:
    """List all groups with their rules and numbers of members."""
    found = groups.all_with_counts()
    if as_json:
        say(*json_lines([json_facts.group(counted) for counted in found]))
        return
    head = (_("GROUP"), _("2FA"), _("GRACE PERIOD"), _("REMEMBERED"), _("MEMBERS"), _("APP OR PASSKEY"))
    say(*table(head, [_row(counted) for counted in found]))


@commands.command()
@click.argument("name", type=GROUP)
@json_option
@command_transaction
def show(name: str, *, as_json: bool) -> None:
    """Show a group: its rule, and how many have an app or passkey."""
    counted = get_counted_group(name)
    if as_json:
        say(*json_lines(json_facts.group(counted)))
        return
    say(
        *fact_lines(
            (_("Group"), counted.group.name),
            (_("Rule"), rule_in_full(rules.values_of(counted.group), clock.now())),
            (_("Members"), str(counted.members)),
            (_("App or passkey"), str(counted.linked)),
        ),
        *own_words(counted.group),
    )


@commands.command()
@click.argument("name", type=GROUP)
@click.argument("new_name", type=GROUP)
@command_transaction
def rename(name: str, new_name: str) -> None:
    """Rename a group. Its members and its rule stay."""
    group = get_group(name)
    groups.rename(group, new_name, actor=current_actor())
    say(_("Group renamed to %(name)s.", name=group.name))


@commands.command()
@click.argument("name", type=GROUP)
@preview_option
@command_transaction
def delete(name: str, *, preview: bool) -> None:
    """Delete a group and its rule. The accounts of its members stay."""
    group, now = get_group(name), clock.now()
    deleted, before = group.name, rules.values_of(group)
    after = replace(before, required=False)
    lines = list(impact_lines(impact.preview_impact(group, after, now=now), before, after))
    if not preview:
        groups.remove(group, actor=current_actor())
        say(_("Group %(name)s deleted.", name=deleted))
    say(*lines)


@commands.command()
@click.argument("name", type=GROUP)
@click.argument("switch", type=ON_OR_OFF, metavar="on|off")
@rule_options
@command_transaction
def require(name: str, switch: str, **options: Any) -> None:
    """Require 2-factor authentication for a group, or not.

    Options that you leave out change nothing.
    """
    group = get_group(name)
    if switch == "on":
        done = [_("%(group)s requires 2-factor authentication.", group=group.name)]
    else:
        done = [_("%(group)s doesn't require 2-factor authentication.", group=group.name)]
        done.append(_("Apps and passkeys stay."))
    change_rule(group, required=switch == "on", done=done, **options)


@commands.command()
@click.argument("name", type=GROUP)
@command_transaction
def remind(name: str) -> None:
    """Remind the members who must still link an app, each once a day."""
    reminded = reminders.remind_all(get_group(name), actor=current_actor(), now=clock.now())
    say(reminded_in_words(reminded))


@commands.command()
@command_transaction
def recount() -> None:
    """Count all people again, and put the counts on the pages right."""
    corrected = counts.recount()
    if not corrected:
        say(_("All counts are right."))
        return
    say(
        ngettext(
            "%(num)s count was wrong and is right now.",
            "%(num)s counts were wrong and are right now.",
            corrected,
        )
    )


def _row(counted: GroupWithCounts) -> tuple[str, ...]:
    group = counted.group
    required = _("required") if group.required else "-"
    if group.required and group.required_from:
        required = _("required from %(date)s", date=format_moment(group.required_from))
    if group.required and group.passkey_only:
        required = _("%(required)s, passkey only", required=required)
    days = (f"{group.grace_days} d", f"{group.remember_days} d")
    return group.name, required, *days, str(counted.members), str(counted.linked)
