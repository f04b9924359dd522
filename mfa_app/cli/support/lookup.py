"""Finding the user, group, app or passkey that a command names, or ending the command with a sentence."""

from collections.abc import Iterable

from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError
from mfa_app.core.common.email_addresses import fold
from mfa_app.core.factors import held
from mfa_app.core.factors.held import HeldFactor, Kind
from mfa_app.core.groups import groups
from mfa_app.core.groups.groups import GroupWithCounts
from mfa_app.core.policy.facts import PolicySubject, find_subject_by_email
from mfa_app.core.users import lookup
from mfa_app.models import Group, User
from mfa_app.wording.labels import app_name


def get_user(email: str) -> User:
    """Return the user with this email address in any spelling. Raises CommandError."""
    user = lookup.find_by_email(email)
    if user is None:
        raise _no_account(email)
    return user


def get_subject(email: str) -> PolicySubject:
    """Return the user with this email address and everything the policy knows. Raises CommandError."""
    subject = find_subject_by_email(email)
    if subject is None:
        raise _no_account(email)
    return subject


def get_factor(user: User, kind: Kind, name: str) -> HeldFactor:
    """Return the user's app or passkey with this name in any spelling. Raises CommandError."""
    present = [factor for factor in held.of_user(user) if factor.kind is kind]
    for factor in present:
        if fold(app_name(factor.name)) == fold(name):
            return factor
    names = ", ".join(f"“{app_name(factor.name)}”" for factor in present) or _("none")
    if kind is Kind.PASSKEY:
        raise CommandError(_("There is no passkey “%(name)s”. There are: %(names)s.", name=name, names=names))
    raise CommandError(_("There is no app “%(name)s”. There are: %(names)s.", name=name, names=names))


def get_group(name: str) -> Group:
    """Return the group with this name in any spelling. Raises CommandError."""
    group = groups.find(name)
    if group is None:
        raise _no_group(name)
    return group


def get_groups(names: Iterable[str]) -> list[Group]:
    """Return the groups with these names, each once. Raises CommandError."""
    return list({group.id: group for group in map(get_group, names)}.values())


def get_counted_group(name: str) -> GroupWithCounts:
    """Return the same with its numbers of people. Raises CommandError."""
    counted = groups.find_with_counts(get_group(name).id)
    if counted is None:  # deleted by someone else since the first look-up
        raise _no_group(name)
    return counted


def _no_group(name: str) -> CommandError:
    return CommandError(_("There is no group named %(name)s. “groups list” shows all groups.", name=name))


def _no_account(email: str) -> CommandError:
    return CommandError(_("There is no account for %(email)s.", email=email))
