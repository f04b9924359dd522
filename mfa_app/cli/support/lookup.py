"""Finding the user or the group that a command names, or ending the command with a sentence."""

from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError
from mfa_app.core.groups import groups
from mfa_app.core.policy.facts import PolicySubject, find_subject
from mfa_app.core.users import lookup
from mfa_app.models import Group, User


def get_user(email: str) -> User:
    """Return the user with this email address in any spelling. Raises CommandError."""
    user = lookup.find_by_email(email)
    if user is None:
        raise _no_account(email)
    return user


def get_subject(email: str) -> PolicySubject:
    """Return the user with this email address and everything the policy knows. Raises CommandError."""
    subject = find_subject(get_user(email).id)
    if subject is None:  # removed by someone else since the first look-up
        raise _no_account(email)
    return subject


def get_group(name: str) -> Group:
    """Return the group with this name in any spelling. Raises CommandError."""
    group = groups.find(name)
    if group is None:
        raise CommandError(_("There is no group named %(name)s. “groups list” shows all groups.", name=name))
    return group


def _no_account(email: str) -> CommandError:
    return CommandError(_("There is no account for %(email)s.", email=email))
