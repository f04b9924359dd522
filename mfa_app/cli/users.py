"""`second-gate users ...`: accounts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click
from flask import current_app
from flask_babel import gettext as _

from mfa_app.cli.check_options import caller_check, check_options
from mfa_app.cli.profile_options import profile_options, with_entries
from mfa_app.cli.support import json_facts
from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.input import password_from_stdin
from mfa_app.cli.support.json_facts import json_lines, json_option
from mfa_app.cli.support.lookup import get_factor, get_group, get_subject, get_user
from mfa_app.cli.support.options import preview_option
from mfa_app.cli.support.output import app_link_lines, fact_lines, format_moment, link_url, say
from mfa_app.cli.support.reset_lines import lines_of_reset
from mfa_app.cli.support.types import EMAIL, GROUP, NAME, REASON, ROLES
from mfa_app.cli.user_lists import account_state
from mfa_app.core.common import clock, email_addresses
from mfa_app.core.factors import passkeys
from mfa_app.core.factors.held import Kind
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import opening, scopes
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.helpdesk.removal import remove_factor
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail import outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations import site_values
from mfa_app.core.passwords import change
from mfa_app.core.policy import foresight
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.users import account_lock, accounts, enrolment_links, invitations
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Group, Role, User
from mfa_app.wording import dates
from mfa_app.wording.foresight import foresight_sentence
from mfa_app.wording.labels import app_name, role_name
from mfa_app.wording.lookalikes import lookalike_warning
from mfa_app.wording.policy import policy_explanation
from mfa_app.wording.scopes import helped, now_helps


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
    joined = _get_groups(names)
    profile = Profile(email, name or email_addresses.name_from(email), Role(role))
    profile = with_entries(profile, **entries)
    password = password_from_stdin() if password_stdin else None
    user = accounts.create(profile, groups=joined, password=password, actor=current_actor(), now=clock.now())
    say(_("%(email)s now has an account (%(role)s).", email=user.email, role=role_name(role)))
    if (warning := lookalike_warning(user.email)) is not None:
        say(warning)
    if password is None:
        _invite(user)
    elif enrolment_links.needs_link(user):
        _say_app_link(user, enrolment_links.send(user, actor=current_actor(), now=clock.now()))


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


@commands.command("reset-2fa")
@click.argument("email", type=EMAIL)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def reset_2fa(email: str, reason: str, checked: str, note: str | None) -> None:
    """Reset a person's 2-factor authentication. At the next login they link an app or add a passkey."""
    user = get_user(email)
    reset_second_factor(
        user, reason=reason, checked=caller_check(checked, note), actor=current_actor(), now=clock.now()
    )
    say(*lines_of_reset(user))


@commands.command("remove-app")
@click.argument("email", type=EMAIL)
@click.argument("name", type=NAME)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def remove_app(email: str, name: str, reason: str, checked: str, note: str | None) -> None:
    """Remove one of a person's apps. Their other apps and passkeys stay. “users show” has the names."""
    _remove_factor(email, Kind.APP, name, reason, caller_check(checked, note))


@commands.command("remove-passkey")
@click.argument("email", type=EMAIL)
@click.argument("name", type=NAME)
@click.option("--reason", type=REASON, default="from the terminal", show_default=True)
@check_options
@command_transaction
def remove_passkey(email: str, name: str, reason: str, checked: str, note: str | None) -> None:
    """Remove one of a person's passkeys. Their other passkeys and apps stay. “users show” has the names."""
    _remove_factor(email, Kind.PASSKEY, name, reason, caller_check(checked, note))


@commands.command()
@click.argument("email", type=EMAIL)
@command_transaction
def invite(email: str) -> None:
    """Print a link to choose a first password, and email it."""
    _invite(get_user(email))


@commands.command("app-link")
@click.argument("email", type=EMAIL)
@command_transaction
def app_link(email: str) -> None:
    """Email a link to set up an app to someone who needs one."""
    user = get_user(email)
    _say_link_of(user, enrolment_links.send(user, actor=current_actor(), now=clock.now()))


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
        _say_link_of(user, token)


@commands.command()
@click.argument("email", type=EMAIL)
@click.option("--group", "names", type=GROUP, multiple=True, help="Helps only this group. Repeatable.")
@click.option("--everyone", is_flag=True, help="Helps all staff again.")
@command_transaction
def scope(email: str, names: tuple[str, ...], everyone: bool) -> None:
    """Limit somebody of the help desk to certain groups."""
    if bool(names) is everyone:
        raise click.UsageError(_("Give either groups or --everyone."))
    user, given = get_user(email), None if everyone else _get_groups(names)
    scopes.limit(user, given, actor=current_actor())
    say(now_helps(user.email, given))


@commands.command()
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


@commands.command()
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


def _remove_factor(email: str, kind: Kind, name: str, reason: str, checked: CallerCheck) -> None:
    user = get_user(email)
    factor = get_factor(user, kind, name)
    remove_factor(user, factor.id, reason=reason, checked=checked, actor=current_actor(), now=clock.now())
    done = _(
        "“%(factor)s” is removed for %(email)s. All sessions have ended.",
        factor=app_name(factor.name),
        email=user.email,
    )
    say(done)


def _invite(user: User) -> None:
    _say_invitation(user, invitations.invite(user, actor=current_actor(), now=clock.now()))


def _say_link_of(user: User, token: str) -> None:
    if user.password_hash is None:
        _say_invitation(user, token)
    else:
        _say_app_link(user, token)


def _say_invitation(user: User, token: str) -> None:
    until = dates.weekday_time(clock.now() + LIFETIME[Purpose.INVITATION])
    say(
        _(
            "%(name)s can choose a password with this link. It works once, until %(time)s:",
            name=user.name,
            time=until,
        ),
        "",
        f"  {link_url(token)}",
        "",
    )
    _say_how_it_is_sent(user, Mail.INVITATION)


def _say_app_link(user: User, token: str) -> None:
    say(
        _("This role always needs 2-factor authentication, and a password alone can't link the first app."),
        *app_link_lines(user, token),
    )
    _say_how_it_is_sent(user, Mail.ENROLMENT_LINK)


def _say_how_it_is_sent(user: User, mail: Mail) -> None:
    if site_values.current().smtp_url:
        say(_("The same link is on its way to %(email)s by email.", email=user.email))
        return
    folder = outbox.folder_of(current_app.config["SETTINGS"]).resolve()
    say(
        _("No mail server is set up, so no email is sent. Pass the link on yourself."),
        _("The email is the file %(file)s", file=folder / outbox.newest_file_name(mail, user)),
    )


def _get_groups(names: tuple[str, ...]) -> list[Group]:
    return list({group.id: group for group in map(get_group, names)}.values())


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
