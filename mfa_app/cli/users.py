"""`second-gate users ...`: accounts. cli/commands adds what else is done about people to the group."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click
from flask_babel import gettext as _

from mfa_app.cli.check_options import caller_check, check_options
from mfa_app.cli.profile_options import profile_options, with_entries
from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.input import password_from_stdin
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_groups, get_subject, get_user
from mfa_app.cli.support.options import preview_option
from mfa_app.cli.support.output import fact_lines, format_moment, say
from mfa_app.cli.support.types import EMAIL, GROUP, NAME, REASON, ROLES
from mfa_app.cli.user_links import say_link, send_invitation
from mfa_app.cli.user_lists import account_state
from mfa_app.core.common import clock, email_addresses
from mfa_app.core.factors import passkeys
from mfa_app.core.helpdesk import opening, scopes
from mfa_app.core.passwords import change
from mfa_app.core.policy import foresight
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.users import account_lock, accounts, enrolment_links
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role, User
from mfa_app.wording.foresight import foresight_sentence
from mfa_app.wording.labels import app_name, role_name
from mfa_app.wording.lookalikes import lookalike_warning
from mfa_app.wording.policy import policy_explanation
from mfa_app.wording.scopes import helped


@click.group("users")
def commands() -> None:
    """Create, list, invite, disable, lock and reset accounts."""


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--name", type=NAME, help="Full name. Default: derived from the email address.")
@click.option("--role", type=ROLES, default=Role.STAFF.value, show_default=True)
@click.option("--group", "names", type=GROUP, multiple=True, help="Add the person to this group. Repeatable.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input. No invitation is sent.",
)
@profile_options
@command_transaction
def add(
    email: str,
    name: str | None,
    role: str,
    names: tuple[str, ...],
    password_stdin: bool,
    **entries: Any,
) -> None:
    """Create an account. Without a password, the person is invited to choose one."""
    joined = get_groups(names)
    profile = Profile(email, name or email_addresses.name_from(email), Role(role))
    profile = with_entries(profile, **entries)
    password = password_from_stdin() if password_stdin else None
    user = accounts.create(profile, groups=joined, password=password, actor=current_actor(), now=clock.now())
    say(_("%(email)s now has an account (%(role)s).", email=user.email, role=role_name(role)))
    if (warning := lookalike_warning(user.email)) is not None:
        say(warning)
    if password is None:
        send_invitation(user)
    elif enrolment_links.needs_link(user):
        say_link(user, enrolment_links.send(user, actor=current_actor(), now=clock.now()))


@commands.command()
@click.argument("email", type=EMAIL)
@json_option
@command_transaction
def show(email: str, *, as_json: bool) -> None:
    """Show a person, and why a code is required or not."""
    subject = get_subject(email)
    if as_json:
        say(*json_lines(json_facts.person_in_full(subject, now=clock.now())))
        return
    user = subject.user
    say(
        *fact_lines(
            (_("Email address"), user.email),
            *_refusal(user),
            (_("Name"), user.name),
            (_("Role"), role_name(user.role)),
            *_helps(user),
            (_("State"), account_state(user)),
            (_("Groups"), ", ".join(group.name for group in subject.groups) or _("none")),
            (_("Authentication app"), _app_state(subject)),
            *_passkeys(subject),
            *_entries(user),
            (_("Last login"), format_moment(user.last_login_at)),
        ),
        policy_explanation(subject, now=clock.now()),
    )


@commands.command()
@click.argument("email", type=EMAIL)
@command_transaction
def disable(email: str) -> None:
    """Disable an account. Ends all its sessions and removes its remembered devices."""
    user = get_user(email)
    if user.disabled_at is not None:
        say(_("%(email)s is already disabled.", email=user.email))
        return
    accounts.disable(user, actor=current_actor(), now=clock.now())
    say(_("%(email)s is disabled and logged out everywhere.", email=user.email))


@commands.command()
@click.argument("email", type=EMAIL)
@command_transaction
def enable(email: str) -> None:
    """Enable a disabled account."""
    user = get_user(email)
    if user.disabled_at is None:
        say(_("%(email)s is not disabled.", email=user.email))
        return
    accounts.enable(user, actor=current_actor(), now=clock.now())
    if user.account_locked_at is not None:
        say(_("%(email)s is enabled, but still locked. To open it, run “users unlock”.", email=user.email))
        return
    say(_("%(email)s can log in again.", email=user.email))


@commands.command()
@click.argument("email", type=EMAIL)
@command_transaction
def lock(email: str) -> None:
    """Lock an account for its owner, who asks for it. Ends all sessions and removes remembered devices."""
    user = get_user(email)
    if user.account_locked_at is not None:
        say(_("%(email)s is already locked.", email=user.email))
        return
    account_lock.lock_for(user, actor=current_actor(), now=clock.now())
    say(_("%(email)s is locked and logged out everywhere. “users unlock” opens it again.", email=user.email))


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def unlock(email: str, reason: str, checked: str, note: str | None) -> None:
    """Open an account again that its owner has locked."""
    user = get_user(email)
    if user.account_locked_at is None:
        say(_("%(email)s is not locked.", email=user.email))
        return
    opening.open_again(
        user, reason=reason, checked=caller_check(checked, note), actor=current_actor(), now=clock.now()
    )
    if user.disabled_at is not None:
        say(_("%(email)s is open, but still disabled. To enable it, run “users enable”.", email=user.email))
        return
    say(_("%(email)s can log in again.", email=user.email))


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--name", type=NAME, help="The new name.")
@click.option("--email", "new_email", type=EMAIL, help="The new email address. Ends all sessions.")
@profile_options
@click.option("--no-last-day", is_flag=True, help="The account doesn't end by itself any more.")
@command_transaction
def edit(email: str, name: str | None, new_email: str | None, no_last_day: bool, **entries: Any) -> None:
    """Change what is known about a person."""
    user = get_user(email)
    present = accounts.profile_of(user)
    profile = with_entries(replace(present, email=new_email or user.email, name=name or user.name), **entries)
    if no_last_day:
        profile = replace(profile, last_day=None)
    accounts.edit(user, profile, actor=current_actor(), now=clock.now())
    say(_("Saved: %(name)s, %(email)s.", name=user.name, email=user.email))


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
@command_transaction
def password(email: str, password_stdin: bool) -> None:
    """Set a person's password. Ends all sessions and removes the remembered devices."""
    user = get_user(email)
    change.set_from_terminal(user, password_from_stdin(), actor=current_actor(), now=clock.now())
    say(_("Password changed for %(email)s. All sessions have ended.", email=user.email))


@commands.command()
@click.argument("email", type=EMAIL)
@click.argument("role", type=ROLES)
@preview_option
@command_transaction
def role(email: str, role: str, *, preview: bool) -> None:
    """Change a person's role. Ends all sessions and removes the remembered devices."""
    if preview:
        say(foresight_sentence(foresight.of_edit(get_subject(email), role=Role(role), now=clock.now())))
        return
    user = get_user(email)
    token = accounts.change_role(user, Role(role), actor=current_actor(), now=clock.now())
    say(_("%(email)s now has the role %(role)s.", email=user.email, role=role_name(role)))
    if token is not None:
        say_link(user, token)


def _entries(user: User) -> Iterator[tuple[str, str]]:
    profile = accounts.profile_of(user)
    if profile.directory_number:
        yield _("Directory number"), profile.directory_number
    if profile.last_day:
        yield _("Last day"), profile.last_day.isoformat()


def _helps(user: User) -> Iterator[tuple[str, str]]:
    if user.role == Role.HELPDESK:
        yield _("Helps"), helped(scopes.groups_of(user))


def _refusal(user: User) -> Iterator[tuple[str, str]]:
    if user.email_refused_at is not None:
        date, answer = format_moment(user.email_refused_at), user.email_refusal or ""
        yield _("Emails"), _("refused on %(date)s: %(answer)s", date=date, answer=answer)


def _app_state(subject: PolicySubject) -> str:
    if subject.user.factors_locked_at:
        return _("locked after too many wrong codes. “users reset-2fa” resets it")
    if not subject.facts.linked:
        return _("not linked")
    return "; ".join(
        _("%(app)s, linked on %(date)s", app=app_name(app.name), date=format_moment(app.enrolled_at))
        for app in subject.authenticators
    ) or _("none")


def _passkeys(subject: PolicySubject) -> Iterator[tuple[str, str]]:
    if subject.passkeys:
        yield (
            _("Passkeys"),
            "; ".join(
                _("%(passkey)s, added on %(date)s", passkey=key.name, date=format_moment(key.registered_at))
                for key in passkeys.of_user(subject.user)
            ),
        )
