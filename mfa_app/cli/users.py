"""`flask users ...`: people, from a terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import click
from flask_babel import gettext as _
from sqlalchemy import select

from mfa_app.cli.terminal import (
    EMAIL,
    GROUP,
    NAME,
    REASON,
    Stop,
    actor,
    group_named,
    link_to,
    moment,
    name_from,
    password_from_stdin,
    person_named,
    saves,
    table,
)
from mfa_app.core.common import clock
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.passwords import change
from mfa_app.core.policy.facts import PolicySubject, find_subject, find_subjects
from mfa_app.core.users import accounts, invitations
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Group, Membership, Role, User
from mfa_app.wording.labels import role_name
from mfa_app.wording.policy import policy_explanation

ROLES = click.Choice([role.value for role in Role])


@click.group("users")
def commands() -> None:
    """People: make, list, invite, disable, reset."""


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--name", type=NAME, help="Full name; else made of the address.")
@click.option("--role", type=ROLES, default=Role.STAFF.value, show_default=True)
@click.option("--group", "names", type=GROUP, multiple=True, help="A group to put the person in; repeatable.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else invite.")
@saves
def add(
    email: str, name: str | None, role: str, names: tuple[str, ...], password_stdin: bool
) -> Iterator[str]:
    """Make an account. Without a password the person is invited to choose one."""
    members = _groups_named(names)
    profile = Profile(email, name or name_from(email), Role(role))
    password = password_from_stdin() if password_stdin else None
    user = accounts.create(profile, groups=members, password=password, actor=actor(), now=clock.now())
    yield _("%(email)s now has an account (%(role)s).", email=user.email, role=role_name(role))
    if password is None:
        yield from _invitation(user)


@commands.command("list")
@click.option("--group", type=GROUP, help="Only the members of this group.")
@saves
def list_(group: str | None) -> Iterator[str]:
    """List all people with role, app, state and groups."""
    where = []
    if group is not None:
        members = select(Membership.user_id).where(Membership.group_id == group_named(group).id)
        where.append(User.id.in_(members))
    found = find_subjects(*where)
    head = (_("E-MAIL ADDRESS"), _("NAME"), _("ROLE"), _("APP"), _("STATE"), _("GROUPS"))
    yield from table(head, [_row(person) for person in found])


@commands.command()
@click.argument("email", type=EMAIL)
@saves
def show(email: str) -> Iterator[str]:
    """Show one person."""
    person = _person(email)
    user = person.user
    linked = _("not linked")
    if person.authenticator is not None:
        linked = _("linked on %(date)s UTC", date=moment(person.authenticator.enrolled_at))
        if person.authenticator.locked_at:
            linked = _("stopped after too many wrong codes; reset it with “users reset-2fa”")
    yield from _facts(
        (_("E-mail address"), user.email),
        (_("Name"), user.name),
        (_("Role"), role_name(user.role)),
        (_("State"), _state(user)),
        (_("Groups"), ", ".join(group.name for group in person.groups) or _("none")),
        (_("Authentication app"), linked),
        (_("Last login"), moment(user.last_login_at)),
    )
    yield policy_explanation(person, now=clock.now())


@commands.command()
@click.argument("email", type=EMAIL)
@saves
def disable(email: str) -> Iterator[str]:
    """Close an account; all its sessions and remembered devices end."""
    user = person_named(email)
    if not user.is_active:
        yield _("%(email)s is disabled already.", email=user.email)
        return
    accounts.disable(user, actor=actor(), now=clock.now())
    yield _("%(email)s is disabled and logged out everywhere.", email=user.email)


@commands.command()
@click.argument("email", type=EMAIL)
@saves
def enable(email: str) -> Iterator[str]:
    """Open a disabled account again."""
    user = person_named(email)
    if user.is_active:
        yield _("%(email)s is not disabled.", email=user.email)
        return
    accounts.enable(user, actor=actor())
    yield _("%(email)s can log in again.", email=user.email)


@commands.command("reset-2fa")
@click.argument("email", type=EMAIL)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@saves
def reset_2fa(email: str, reason: str) -> Iterator[str]:
    """Take the person's authentication app away; it is linked anew at the next login."""
    user = person_named(email)
    reset_second_factor(user, reason=reason, actor=actor(), now=clock.now())
    yield _("2-factor authentication of %(email)s is reset; all sessions have ended.", email=user.email)


@commands.command()
@click.argument("email", type=EMAIL)
@saves
def invite(email: str) -> Iterable[str]:
    """Mail and print a link at which the person chooses a password."""
    return _invitation(person_named(email))


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--password-stdin", is_flag=True, required=True, help="Read it from standard input.")
@saves
def password(email: str, password_stdin: bool) -> Iterator[str]:
    """Set a password; all sessions and remembered devices end."""
    user = person_named(email)
    change.set_from_terminal(user, password_from_stdin(), actor=actor(), now=clock.now())
    yield _("%(email)s has a new password; all sessions have ended.", email=user.email)


@commands.command()
@click.argument("email", type=EMAIL)
@click.argument("role", type=ROLES)
@saves
def role(email: str, role: str) -> Iterator[str]:
    """Give a person another role; all sessions and remembered devices end."""
    user = person_named(email)
    profile = replace(Profile(user.email, user.name), role=Role(role))
    accounts.edit(user, profile, actor=actor(), now=clock.now())
    yield _("%(email)s now has the role %(role)s.", email=user.email, role=role_name(role))


@commands.command()
@click.argument("email", type=EMAIL)
@click.argument("group", type=GROUP)
@saves
def join(email: str, group: str) -> Iterator[str]:
    """Put a person into a group."""
    user, wanted = person_named(email), group_named(group)
    if groups.add_member(wanted, user, actor=actor(), now=clock.now()):
        yield _("%(email)s is now in %(group)s.", email=user.email, group=wanted.name)
    else:
        yield _("%(email)s is in %(group)s already.", email=user.email, group=wanted.name)


@commands.command()
@click.argument("email", type=EMAIL)
@click.argument("group", type=GROUP)
@saves
def leave(email: str, group: str) -> Iterator[str]:
    """Take a person out of a group."""
    user, left = person_named(email), group_named(group)
    groups.remove_member(left, user, actor=actor())
    yield _("%(email)s is not in %(group)s any more.", email=user.email, group=left.name)


def _invitation(user: User) -> Iterator[str]:
    if not user.is_active:
        raise Stop(_("%(email)s is disabled, so a link would not work.", email=user.email))
    token = invitations.invite(user, actor=actor(), now=clock.now())
    hours = int(LIFETIME[Purpose.INVITATION].total_seconds() // 3600)
    yield _(
        "This link lets %(name)s choose a password. It works once, for %(hours)s hours:",
        name=user.name,
        hours=hours,
    )
    yield ""
    yield f"  {link_to(token)}"
    yield ""
    yield _("The same link is on its way to %(email)s by mail.", email=user.email)


def _person(email: str) -> PolicySubject:
    return find_subject(person_named(email).id)


def _groups_named(names: tuple[str, ...]) -> list[Group]:
    return list({group.id: group for group in map(group_named, names)}.values())


def _row(person: PolicySubject) -> tuple[str, ...]:
    user = person.user
    app = _("linked") if person.authenticator else "-"
    names = ", ".join(group.name for group in person.groups) or "-"
    return user.email, user.name, user.role, app, _state(user), names


def _state(user: User) -> str:
    if not user.is_active:
        return _("disabled")
    return _("active") if user.password_hash else _("invited")


def _facts(*pairs: tuple[str, str]) -> Iterator[str]:
    width = max(len(label) for label, _value in pairs)
    return (f"{label.ljust(width)}  {value}" for label, value in pairs)
