"""Accounts: creating, editing, disabling and enabling them, and the help desk's reset."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import EmailAddress
from mfa_app.core.common.errors import EmailTaken
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import outbox
from mfa_app.core.passwords import change
from mfa_app.core.policy import last_administrator
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User


@dataclass(frozen=True)
class Profile:
    """What an administrator enters about a user."""

    email: str
    name: str
    role: Role = Role.STAFF


def create(
    profile: Profile, *, groups: list[Group], password: str | None, actor: Actor, now: datetime
) -> User:
    """Create an account. Without a password, call `credentials.invite` so that the user can choose one.

    Raises InvalidEmail, EmailTaken, UnacceptablePassword, NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    address = email_addresses.parse(profile.email)
    hashed = change.hash_new(password, address.shown, profile.name) if password is not None else None
    lock_administration()
    require_free_email(address)
    user = User(
        email=address.shown,
        email_key=address.key,
        name=profile.name,
        name_key=email_addresses.name_key(profile.name),
        role=profile.role,
        password_hash=hashed,
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    db.session.add_all(Membership(user_id=user.id, group_id=group.id, joined_at=now) for group in groups)
    names = [group.name for group in groups]
    record(Event.USER_CREATED, actor=actor, subject=user, role=str(profile.role), groups=names)
    return user


def edit(user: User, profile: Profile, *, actor: Actor, now: datetime) -> None:
    """Change e-mail address, name and role. A new address or role revokes all access.

    The old address gets a mail about the new one. Raises InvalidEmail, EmailTaken, LastAdministrator,
    NotAllowed (nobody can change their own role).
    """
    actor.require(Permission.MANAGE_USERS)
    address = email_addresses.parse(profile.email)
    lock_administration()
    require_free_email(address, user)
    if profile.role != user.role:
        actor.require(Permission.MANAGE_USERS, user)
        if user.role == Role.ADMIN:
            last_administrator.require_one(without=user, now=now)
    before = {"email": user.email, "name": user.name, "role": str(user.role)}
    after = {"email": address.shown, "name": profile.name, "role": str(profile.role)}
    if before == after:
        return
    moved, promoted = address.key != user.email_key, profile.role != user.role
    if moved:
        outbox.enqueue(outbox.Mail.ADDRESS_CHANGED, user, now=now, new_address=address.shown)
    user.email, user.email_key = address.shown, address.key
    user.name, user.name_key = profile.name, email_addresses.name_key(profile.name)
    user.role = profile.role
    record(Event.USER_EDITED, actor=actor, subject=user, before=before, after=after)
    if moved or promoted:
        because = RevocationReason.ADDRESS_CHANGED if moved else RevocationReason.ROLE_CHANGED
        revoke_access(user, because=because, actor=actor)


def disable(user: User, *, actor: Actor, now: datetime) -> None:
    """Disable an account and revoke all its access. Raises NotAllowed, LastAdministrator."""
    actor.require(Permission.MANAGE_USERS, user)
    lock_administration()
    if user.role == Role.ADMIN:
        last_administrator.require_one(without=user, now=now)
    user.disabled_at = now
    record(Event.USER_DISABLED, actor=actor, subject=user)
    revoke_access(user, because=RevocationReason.DISABLED, actor=actor)


def enable(user: User, *, actor: Actor) -> None:
    """Enable a disabled account. Raises NotAllowed."""
    actor.require(Permission.MANAGE_USERS, user)
    user.disabled_at = None
    record(Event.USER_ENABLED, actor=actor, subject=user)


def end_access(user: User, *, actor: Actor) -> None:
    """Revoke all sessions, remembered devices and one-time links of a user. Raises NotAllowed."""
    actor.require(Permission.MANAGE_USERS, user)
    revoke_access(user, because=RevocationReason.LOGGED_OUT_EVERYWHERE, actor=actor)


def require_free_email(address: EmailAddress, owner: User | None = None) -> None:
    taken = db.session.scalar(select(User.id).where(User.email_key == address.key))
    if taken is not None and (owner is None or taken != owner.id):
        raise EmailTaken
