"""Accounts: creating, editing, disabling and enabling them."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common import days, email_addresses, search_words
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import EmailAddress
from mfa_app.core.common.errors import EmailTaken
from mfa_app.core.common.locks import begin_change, lock_and_reload
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups.groups import move_between_groups, plan_groups
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.passwords import change
from mfa_app.core.policy import last_administrator, overrides
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.core.users import enrolment_links
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User

Changed = dict[str, tuple[str | None, str | None]]  # what an edit changes: before and after, by name


@dataclass(frozen=True)
class Profile:
    """What an administrator enters about a user. After `last_day` nobody gets into the account any more."""

    email: str
    name: str
    role: Role = Role.STAFF
    last_day: date | None = None
    directory_number: str | None = None


def profile_of(user: User) -> Profile:
    """Return the present profile of a user, to be edited with `dataclasses.replace`."""
    last_day = days.last_before(user.ends_at) if user.ends_at else None
    return Profile(user.email, user.name, Role(user.role), last_day, user.directory_number)


def create(
    profile: Profile, *, groups: list[Group], password: str | None, actor: Actor, now: datetime
) -> User:
    """Create an account. Without a password, call `invitations.invite` so that the user can choose one.

    Raises InvalidEmail, EmailTaken, UnacceptablePassword, HashingQueueFull, NotAllowed, SessionEnded.
    """
    actor.require(Permission.MANAGE_USERS)
    address = email_addresses.parse(profile.email)
    hashed = change.hash_new(password, address.shown, profile.name) if password is not None else None
    begin_change(actor, Permission.MANAGE_USERS)
    require_free_email(address)
    return insert_user(profile, address, password_hash=hashed, groups=groups, actor=actor, now=now)


def insert_user(
    profile: Profile,
    address: EmailAddress,
    *,
    password_hash: str | None,
    groups: list[Group],
    actor: Actor,
    now: datetime,
) -> User:
    """Write a new account and its event. The caller has checked everything, such as the permission."""
    user = User(
        email=address.shown,
        email_key=address.key,
        name=profile.name,
        name_key=email_addresses.name_key(profile.name),
        role=profile.role,
        password_hash=password_hash,
        created_at=now,
        ends_at=end_after(profile.last_day),
        directory_number=profile.directory_number,
    )
    db.session.add(user)
    search_words.store(user)
    db.session.add_all(Membership(user_id=user.id, group_id=group.id, joined_at=now) for group in groups)
    names = [group.name for group in groups]
    record(Event.USER_CREATED, actor=actor, subject=user, role=str(profile.role), groups=names)
    _record_entries(user, Profile(profile.email, profile.name), profile, actor)
    return user


def change_role(user: User, role: Role, *, actor: Actor, now: datetime) -> str | None:
    """Change the role of a user and revoke all access.

    An administrator or help desk without an app gets a link for linking one; return its token, else None.
    Raises LastAdministrator, SessionEnded, NotAllowed (nobody can change their own role).
    """
    begin_change(actor, Permission.MANAGE_USERS, user)
    _check_role(user, role, now)
    return _change_role(user, role, actor, now)


def edit(
    user: User, profile: Profile, *, groups: list[Group] | None = None, actor: Actor, now: datetime
) -> str | None:
    """Change whatever differs from the profile and the groups of a user, or nothing.

    Start from `profile_of`: what the new profile leaves out ends. Without `groups` the user stays in the
    present ones. Another email address or role revokes all access, and the old address is told of the new
    one; another spelling of the same address revokes nothing. Returns the same as `change_role`. Raises
    InvalidEmail, EmailTaken, LastAdministrator (also for a last day), CannotExemptSelf, SessionEnded,
    NotAllowed (of their own account, administrators change only the groups).
    """
    address = email_addresses.parse(profile.email)
    begin_change(actor, Permission.MANAGE_USERS)
    lock_and_reload(user)
    if replace(profile, email=address.shown) != profile_of(user):
        actor.require(Permission.MANAGE_USERS, user)
    require_free_email(address, user)
    _check_role(user, profile.role, now)
    _check_last_day(user, profile, now)
    moves = plan_groups(user, groups, actor=actor) if groups is not None else None
    _rename(user, profile.name, actor)
    _change_entries(user, profile, actor)
    _change_email(user, address, actor, now)
    token = _change_role(user, profile.role, actor, now)
    if moves is not None:
        move_between_groups(user, moves, actor=actor, now=now)
    return token


def disable(user: User, *, actor: Actor, now: datetime) -> None:
    """Disable an account and revoke all its access. Raises NotAllowed, SessionEnded, LastAdministrator."""
    begin_change(actor, Permission.MANAGE_USERS, user)
    if user.disabled_at is not None:
        return
    if user.role == Role.ADMIN:
        last_administrator.require_one(without=user, now=now)
    close(user, actor=actor, now=now)


def close(user: User, *, actor: Actor, now: datetime) -> None:
    """Disable an enabled account and revoke all its access, within a change that has begun."""
    user.disabled_at = now
    record(Event.USER_DISABLED, actor=actor, subject=user)
    revoke_access(user, because=RevocationReason.DISABLED, actor=actor)


def enable(user: User, *, actor: Actor, now: datetime) -> None:
    """Enable a disabled account, and forget a last day that is over. Raises NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_USERS, user)
    if user.disabled_at is None:
        return
    user.disabled_at = None
    record(Event.USER_ENABLED, actor=actor, subject=user)
    if user.has_ended(now):
        _change_entries(user, replace(profile_of(user), last_day=None), actor)


def end_access(user: User, *, actor: Actor) -> None:
    """Revoke all sessions, remembered devices and one-time links of a user.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.END_ACCESS, user)
    revoke_access(user, because=RevocationReason.LOGGED_OUT_EVERYWHERE, actor=actor)


def require_free_email(address: EmailAddress, owner: User | None = None) -> None:
    """Raise EmailTaken if another user than `owner` has this address. Call `lock_administration` first."""
    taken = db.session.scalar(select(User.id).where(User.email_key == address.key))
    if taken is not None and (owner is None or taken != owner.id):
        raise EmailTaken


def _check_role(user: User, role: Role, now: datetime) -> None:
    """Raise LastAdministrator if the user can't get this role."""
    if role != user.role and user.role == Role.ADMIN:
        last_administrator.require_one(without=user, now=now)


def _check_last_day(user: User, profile: Profile, now: datetime) -> None:
    """Let an account end on a day only if an administrator stays. Raises LastAdministrator."""
    gets_one = profile.last_day is not None and profile.last_day != profile_of(user).last_day
    if gets_one and user.role == Role.ADMIN and profile.role == Role.ADMIN:
        last_administrator.require_one(without=user, now=now)


def _change_entries(user: User, profile: Profile, actor: Actor) -> None:
    """Change the last day and the directory number, if they differ."""
    before = profile_of(user)
    _record_entries(user, before, profile, actor)
    if profile.last_day != before.last_day:
        user.ends_at = end_after(profile.last_day)
    user.directory_number = profile.directory_number


def _record_entries(user: User, before: Profile, after: Profile, actor: Actor) -> None:
    changed = changed_entries(before, after)
    if changed:
        _record_edit(user, actor, **changed)


def changed_entries(before: Profile, after: Profile) -> Changed:
    """Return the last day and the directory number as they were and are, if they differ."""
    changed: Changed = {}
    if after.last_day != before.last_day:
        changed["last_day"] = _iso(before.last_day), _iso(after.last_day)
    if after.directory_number != before.directory_number:
        changed["directory_number"] = before.directory_number, after.directory_number
    return changed


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def end_after(day: date | None) -> datetime | None:
    """Return the first moment after a last day, or None if there is no last day."""
    return days.end_after(day) if day else None


def _rename(user: User, name: str, actor: Actor) -> None:
    if name != user.name:
        _record_edit(user, actor, name=(user.name, name))
        user.name, user.name_key = name, email_addresses.name_key(name)
        search_words.store(user)


def _change_email(user: User, address: EmailAddress, actor: Actor, now: datetime) -> None:
    if address.shown == user.email:
        return
    moved = address.key != user.email_key
    if moved:
        one_time_links.end_locking(user, because=EndReason.ADDRESS_CHANGED, actor=actor)
        outbox.enqueue(outbox.Mail.ADDRESS_CHANGED, user, now=now, new_address=address.shown)
    before, user.email, user.email_key = user.email, address.shown, address.key
    user.email_refused_at, user.email_refusal = None, None
    search_words.store(user)
    _record_edit(user, actor, email=(before, address.shown))
    if moved:
        revoke_access(user, because=RevocationReason.ADDRESS_CHANGED, actor=actor)


def _change_role(user: User, role: Role, actor: Actor, now: datetime) -> str | None:
    if role == user.role:
        return None
    _record_edit(user, actor, role=(str(user.role), str(role)))
    user.role = role
    if user.is_privileged:
        if user.exempt_until is not None:
            overrides.drop_exemption(user, actor=actor, now=now)
        if user.link_by is not None:
            overrides.drop_deadline(user, actor=actor)
        user.link_required = False  # a help-desk reset must not open a higher role to the password alone
    revoke_access(user, because=RevocationReason.ROLE_CHANGED, actor=actor)
    return enrolment_links.mail_to(user, actor=actor, now=now) if enrolment_links.needs_link(user) else None


def _record_edit(user: User, actor: Actor, **changed: tuple[str | None, str | None]) -> None:
    record(Event.USER_EDITED, actor=actor, subject=user, **edit_details(changed))


def edit_details(changed: Changed) -> dict[str, dict[str, str | None]]:
    """Return the details of the event of an edit."""
    return {
        "before": {name: values[0] for name, values in changed.items()},
        "after": {name: values[1] for name, values in changed.items()},
    }
