"""Accounts: making, changing and closing them, and the help desk's reset."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mfa_app.core import (
    addresses,
    administrators,
    credentials,
    enrolment,
    links,
    mail,
    permissions,
    sessions,
)
from mfa_app.core.addresses import Address
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import AddressTaken, SetupDone
from mfa_app.core.login import SignedIn, as_person
from mfa_app.core.permissions import Permission
from mfa_app.core.revocation import Because, one_change_at_a_time, revoke_access
from mfa_app.extensions import db
from mfa_app.models import Group, Link, Membership, Role, User


@dataclass(frozen=True)
class Profile:
    """What an administrator enters about a person."""

    email: str
    name: str
    role: Role = Role.STAFF


def create(
    profile: Profile, *, groups: list[Group], password: str | None, actor: Actor, now: datetime
) -> User:
    """Make an account, with a password or without one (then `credentials.invite` lets the person choose it).

    Raises InvalidAddress, AddressTaken, UnacceptablePassword, NotAllowed.
    """
    permissions.require(actor, Permission.MANAGE_PEOPLE)
    address = addresses.parse(profile.email)
    hashed = credentials.hash_new(password, address.shown, profile.name) if password is not None else None
    administrators.one_change_at_a_time()
    _require_free(address)
    user = User(
        email=address.shown,
        email_key=address.key,
        name=profile.name,
        name_key=addresses.name_key(profile.name),
        role=profile.role,
        password_hash=hashed,
        created_at=now,
    )
    db.session.add(user)
    db.session.flush()
    db.session.add_all(Membership(user_id=user.id, group_id=group.id, joined_at=now) for group in groups)
    names = [group.name for group in groups]
    record(Event.PERSON_CREATED, actor=actor, subject=user, role=str(profile.role), groups=names)
    return user


def create_first_administrator(
    link: Link, profile: Profile, password: str, *, actor: Actor, now: datetime
) -> SignedIn:
    """Make the first administrator of a fresh installation, use up the set-up link, and start a session.

    Raises SetupDone, LinkExpired, InvalidAddress, UnacceptablePassword.
    """
    address = addresses.parse(profile.email)
    hashed = credentials.hash_new(password, address.shown, profile.name)
    administrators.one_change_at_a_time()
    if administrators.exists():
        raise SetupDone
    _require_free(address)
    links.use_up(link)
    installer = Actor("terminal", "set-up link", address=actor.address, user_agent=actor.user_agent)
    user = create(profile, groups=[], password=None, actor=installer, now=now)
    user.password_hash = hashed
    token, session = sessions.start(user, actor=as_person(actor, user), now=now)
    return SignedIn(token, session, user, through=False)


def edit(user: User, profile: Profile, *, actor: Actor, now: datetime) -> None:
    """Change address, name and role. A new address is told to the old one; it and a new role end all access.

    Raises InvalidAddress, AddressTaken, LastAdministrator, NotAllowed (nobody changes the own role).
    """
    permissions.require(actor, Permission.MANAGE_PEOPLE)
    address = addresses.parse(profile.email)
    administrators.one_change_at_a_time()
    _require_free(address, user)
    if profile.role != user.role:
        permissions.require(actor, Permission.MANAGE_PEOPLE, user)
        if user.role == Role.ADMIN:
            administrators.require_one(without=user, now=now)
    before = {"email": user.email, "name": user.name, "role": str(user.role)}
    after = {"email": address.shown, "name": profile.name, "role": str(profile.role)}
    if before == after:
        return
    moved, promoted = address.key != user.email_key, profile.role != user.role
    if moved:
        mail.enqueue(mail.Mail.ADDRESS_CHANGED, user, now=now, new_address=address.shown)
    user.email, user.email_key = address.shown, address.key
    user.name, user.name_key = profile.name, addresses.name_key(profile.name)
    user.role = profile.role
    record(Event.PERSON_EDITED, actor=actor, subject=user, before=before, after=after)
    if moved or promoted:
        because = Because.ADDRESS_CHANGED if moved else Because.ROLE_CHANGED
        revoke_access(user, because=because, actor=actor)


def disable(user: User, *, actor: Actor, now: datetime) -> None:
    """Close the account: all access ends now. Raises NotAllowed, LastAdministrator."""
    permissions.require(actor, Permission.MANAGE_PEOPLE, user)
    administrators.one_change_at_a_time()
    if user.role == Role.ADMIN:
        administrators.require_one(without=user, now=now)
    user.disabled_at = now
    record(Event.PERSON_DISABLED, actor=actor, subject=user)
    revoke_access(user, because=Because.DISABLED, actor=actor)


def enable(user: User, *, actor: Actor) -> None:
    """Open a disabled account again. Raises NotAllowed."""
    permissions.require(actor, Permission.MANAGE_PEOPLE, user)
    user.disabled_at = None
    record(Event.PERSON_ENABLED, actor=actor, subject=user)


def end_access(user: User, *, actor: Actor) -> None:
    """End all sessions and remembered devices of a person, for an administrator. Raises NotAllowed."""
    permissions.require(actor, Permission.MANAGE_PEOPLE, user)
    revoke_access(user, because=Because.LOGGED_OUT_EVERYWHERE, actor=actor)


def reset_second_factor(user: User, *, reason: str, actor: Actor, now: datetime) -> None:
    """Take the person's app away and end all access, so that it is linked again at the next login.

    Raises NotAllowed: the help desk never acts on administrators, its equals or itself.
    """
    permissions.require(actor, Permission.RESET_SECOND_FACTOR, user)
    one_change_at_a_time(user)
    was_linked = enrolment.unlink(user.id)
    record(Event.SECOND_FACTOR_RESET, actor=actor, subject=user, reason=reason, was_linked=was_linked)
    revoke_access(user, because=Because.RESET, actor=actor)
    mail.enqueue(mail.Mail.RESET, user, now=now, actor_name=actor.name, reason=reason)


def find(email: str) -> User | None:
    """Return the person whose address this is, in any spelling."""
    return db.session.scalar(select(User).where(User.email_key == addresses.key_of(email)))


def _require_free(address: Address, owner: User | None = None) -> None:
    taken = db.session.scalar(select(User.id).where(User.email_key == address.key))
    if taken is not None and (owner is None or taken != owner.id):
        raise AddressTaken
