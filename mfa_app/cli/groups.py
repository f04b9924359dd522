"""`flask groups ...`: groups and their rule, from a terminal."""

from collections.abc import Iterator
from dataclasses import replace

import click
from flask_babel import gettext as _

from mfa_app.cli.terminal import GROUP, actor, group_named, moment, saves, table
from mfa_app.cli.words import ON_OR_OFF, foresight_lines
from mfa_app.core.common import clock
from mfa_app.core.groups import groups
from mfa_app.core.groups.groups import GroupWithCounts
from mfa_app.core.policy import impact, rules
from mfa_app.core.policy.rules import RuleValues


@click.group("groups")
def commands() -> None:
    """Groups: make, list, require 2-factor authentication."""


@commands.command()
@click.argument("name", type=GROUP)
@click.option("--require-2fa", is_flag=True, help="Require 2-factor authentication of its members.")
@saves
def add(name: str, require_2fa: bool) -> Iterator[str]:
    """Make a group."""
    now = clock.now()
    group = groups.create(name, actor=actor(), now=now)
    yield _("The group %(name)s is there now.", name=group.name)
    if require_2fa:
        rules.set_rule(group, RuleValues(required=True), actor=actor(), now=now)
        yield _("It requires 2-factor authentication of its members.")


@commands.command("list")
@saves
def list_() -> Iterator[str]:
    """List all groups with their rule and their members."""
    head = (_("GROUP"), _("2FA"), _("GRACE"), _("REMEMBERED"), _("MEMBERS"), _("LINKED"))
    return table(head, [_row(roster) for roster in groups.all_with_counts()])


@commands.command()
@click.argument("name", type=GROUP)
@click.argument("switch", type=ON_OR_OFF, metavar="on|off")
@saves
def require(name: str, switch: str) -> Iterator[str]:
    """Require 2-factor authentication of a group's members, or no longer."""
    group, now, required = group_named(name), clock.now(), switch == "on"
    before = rules.values_of(group)
    values = replace(before, required=required)
    if values != before:
        rules.set_rule(group, values, actor=actor(), now=now)
    if not required:
        yield _("%(group)s does not require 2-factor authentication.", group=group.name)
        yield _("Apps that are linked stay linked.")
        return
    yield _("%(group)s requires 2-factor authentication.", group=group.name)
    yield from foresight_lines(impact.preview_impact(group, now=now), values, now=now)


def _row(roster: GroupWithCounts) -> tuple[str, ...]:
    group = roster.group
    required = _("required") if group.required else "-"
    if group.required and group.required_from:
        required = _("required from %(date)s", date=moment(group.required_from))
    days = (f"{group.grace_days} d", f"{group.remember_days} d")
    return group.name, required, *days, str(roster.members), str(roster.linked)
