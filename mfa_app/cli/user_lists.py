"""`second-gate users list`, `invitations` and `exemptions`: the lists of the pages, without their pages."""

import click
from flask_babel import gettext as _
from sqlalchemy import select

from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_group
from mfa_app.cli.support.output import format_moment, say, table
from mfa_app.cli.support.types import EMAIL, GROUP, ROLES
from mfa_app.core.common import clock
from mfa_app.core.policy.facts import PolicySubject, find_subjects
from mfa_app.core.users import directory, invitation_list
from mfa_app.core.users import exemptions as in_force
from mfa_app.core.users.exemptions import Exemption
from mfa_app.core.users.filters import BY_ACCOUNT, BY_TWO_FACTOR, UserFilters
from mfa_app.core.users.invitation_list import Entry, Stage
from mfa_app.models import Role, User
from mfa_app.wording import dates
from mfa_app.wording.invitations import state_in_words


@click.command("list")
@click.option("--find", "text", type=EMAIL, help="Only people with these words in their names or addresses.")
@click.option("--group", type=GROUP, help="Only the members of this group.")
@click.option("--role", type=ROLES, help="Only people with this role.")
@click.option("--two-factor", type=click.Choice(list(BY_TWO_FACTOR)), help="Only where they stand with 2FA.")
@click.option("--account", type=click.Choice(list(BY_ACCOUNT)), help="Only accounts in this state.")
@json_option
@command_transaction
def list_(
    text: str | None,
    group: str | None,
    role: str | None,
    two_factor: str | None,
    account: str | None,
    *,
    as_json: bool,
) -> None:
    """List people with their roles, apps, states and groups."""
    filters = UserFilters(
        text=text or "",
        group_id=get_group(group).id if group is not None else None,
        role=Role(role) if role is not None else None,
        **BY_TWO_FACTOR.get(two_factor or "", {}),
        **BY_ACCOUNT.get(account or "", {}),
    )
    found = directory.all_found(filters, actor=current_actor(), now=clock.now()).subquery()
    subjects = find_subjects(User.id.in_(select(found.c.id)))
    if as_json:
        say(*json_lines([json_facts.person(subject) for subject in subjects]))
        return
    head = (_("EMAIL ADDRESS"), _("NAME"), _("ROLE"), _("APP OR PASSKEY"), _("STATE"), _("GROUPS"))
    say(*table(head, map(_person, subjects)))


@click.command()
@click.option(
    "--state",
    type=click.Choice([stage.value for stage in Stage]),
    help="Only invitations that have come so far.",
)
@json_option
@command_transaction
def invitations(state: str | None, *, as_json: bool) -> None:
    """List invitations, and how far each has come."""
    entries = invitation_list.every(Stage(state) if state else None, now=clock.now())
    if as_json:
        say(*json_lines([json_facts.invitation(entry) for entry in entries]))
        return
    head = (_("EMAIL ADDRESS"), _("INVITED BY"), _("SENT"), _("STATE"), _("WORKS UNTIL"))
    rows = [_invitation(entry) for entry in entries]
    say(*(table(head, rows) if rows else [_("There are no such invitations.")]))


@click.command()
@json_option
@command_transaction
def exemptions(*, as_json: bool) -> None:
    """List who is exempt, until when, and why."""
    found = in_force.all_in_force(now=clock.now())
    if as_json:
        say(*json_lines([json_facts.exemption(one) for one in found]))
        return
    head = (_("EMAIL ADDRESS"), _("SINCE"), _("LAST DAY"), _("GIVEN BY"), _("REASON"))
    rows = [_exemption(one) for one in found]
    say(*(table(head, rows) if rows else [_("Nobody is exempt.")]))


def account_state(user: User) -> str:
    """Return in a word whether somebody can get in."""
    if user.disabled_at is not None:
        return _("disabled")
    if user.has_ended(clock.now()):
        return _("ended")
    if user.account_locked_at is not None:
        return _("locked")
    return _("active") if user.password_hash else _("invited")


def _person(subject: PolicySubject) -> tuple[str, ...]:
    user = subject.user
    factor = _("yes") if subject.facts.linked else "-"
    names = ", ".join(group.name for group in subject.groups) or "-"
    return user.email, user.name, user.role, factor, account_state(user), names


def _invitation(entry: Entry) -> tuple[str, ...]:
    until = "-" if entry.used_at else format_moment(entry.expires_at)
    state = state_in_words(entry.state, asked=entry.asked_at is not None)
    return entry.email, entry.sender or _("the terminal"), format_moment(entry.sent_at), state, until


def _exemption(one: Exemption) -> tuple[str, ...]:
    since = dates.iso_day(one.since) if one.since else _("not known")
    return one.email, since, dates.iso_day(one.until), one.by, one.reason
