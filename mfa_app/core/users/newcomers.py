"""People who join a group together: those without an account are added to the site, and invited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import EmailTaken
from mfa_app.core.common.locks import begin_change, reload_group
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.users import accounts, invitations
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Group, User


@dataclass(frozen=True)
class Joined:
    """How many accounts became members, how many were members before, and who was added and invited."""

    added: int = 0
    present: int = 0
    invited: tuple[User, ...] = ()


def join(
    group: Group, users: Sequence[User], newcomers: Sequence[Profile], *, actor: Actor, now: datetime
) -> Joined | None:
    """Let some fifty people at most join a group; make accounts for the newcomers and invite them.

    All of them join, or nobody. Returns None if the group is gone. Raises InvalidEmail, EmailTaken,
    NotAllowed, SessionEnded.
    """
    for permission in (Permission.MANAGE_GROUPS, Permission.MANAGE_USERS):
        begin_change(actor, permission)
    if reload_group(group) is None:
        return None
    addresses = [email_addresses.parse(profile.email) for profile in newcomers]
    for address in addresses:
        accounts.require_free_email(address)
    if len({address.key for address in addresses}) < len(addresses):
        raise EmailTaken
    ordered = sorted(users, key=lambda user: user.id)  # so that two of these can't wait for each other
    added = sum(groups.add_member(group, user, actor=actor, now=now) for user in ordered)
    invited = [
        accounts.insert_user(profile, address, password_hash=None, groups=[group], actor=actor, now=now)
        for profile, address in zip(newcomers, addresses, strict=True)
    ]
    if invited:
        invitations.invite_many(invited, actor=actor, now=now)
    return Joined(added, len(ordered) - added, tuple(invited))
