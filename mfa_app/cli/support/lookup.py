"""Finding the user or the group that a command names, or ending the command with a sentence."""

from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError
from mfa_app.core.groups import groups
from mfa_app.core.users import lookup
from mfa_app.models import Group, User


def get_user(email: str) -> User:
    """Return the user with this e-mail address in any spelling. Raises CommandError."""
    user = lookup.find_by_email(email)
    if user is None:
        raise CommandError(_("There is no account for %(email)s.", email=email))
    return user


def get_group(name: str) -> Group:
    """Return the group with this name in any spelling. Raises CommandError."""
    group = groups.find(name)
    if group is None:
        raise CommandError(_("There is no group named %(name)s. “groups list” shows all groups.", name=name))
    return group
