"""Groups: creating, renaming and deleting them, and their members."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, delete, func, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import CannotExemptSelf, NameTaken
from mfa_app.core.common.locks import begin_change, lock_user, reload_group
from mfa_app.core.common.permissions import Permission
from mfa_app.extensions import db
from mfa_app.models import Group, GroupCount, Membership, User
from mfa_app.models.database import insert_once, rows_changed


def create(name: str, *, actor: Actor, now: datetime) -> Group:
    """Create a group whose rule requires nothing yet. Raises NameTaken, NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_GROUPS)
    _require_free(name)
    group = Group(name=name, name_key=email_addresses.name_key(name), created_at=now)
    db.session.add(group)
    db.session.flush()
    record(Event.GROUP_CREATED, actor=actor, group=name)
    return group


def rename(group: Group, name: str, *, actor: Actor) -> None:
    """Rename a group. Raises NameTaken, NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_GROUPS)
    _require_free(name, group)
    if name == group.name:
        return
    before, group.name, group.name_key = group.name, name, email_addresses.name_key(name)
    record(Event.GROUP_RENAMED, actor=actor, group=name, before=before)


def remove(group: Group, *, actor: Actor) -> None:
    """Delete a group and its rule. The accounts of its members stay.

    Raises NotAllowed, SessionEnded, and CannotExemptSelf as for leaving it.
    """
    begin_change(actor, Permission.MANAGE_GROUPS)
    if reload_group(group) is None:
        return
    if group.required and _is_member(group, actor.user_id):
        raise CannotExemptSelf
    if rows_changed(delete(Group).where(Group.id == group.id)):
        record(Event.GROUP_DELETED, actor=actor, group=group.name)


def add_member(group: Group, user: User, *, actor: Actor, now: datetime) -> bool:
    """Add a user to a group; grace starts now. Return False if already a member.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_GROUPS)
    lock_user(user)
    return _add(group, user, actor, now)


def remove_member(group: Group, user: User, *, actor: Actor) -> bool:
    """Remove a user from a group. Return False if not a member.

    Raises NotAllowed, SessionEnded, CannotExemptSelf.
    """
    begin_change(actor, Permission.MANAGE_GROUPS)
    lock_user(user)
    if reload_group(group) is None:
        return False
    _require_may_leave(user, [group], actor)
    return _remove(group, user, actor)


@dataclass(frozen=True)
class GroupMoves:
    """The groups that a user leaves and joins."""

    leaves: tuple[Group, ...]
    joins: tuple[Group, ...]


def plan_groups(user: User, wanted: list[Group], *, actor: Actor) -> GroupMoves:
    """Return what makes a user a member of exactly these groups. Raises NotAllowed, CannotExemptSelf."""
    actor.require(Permission.MANAGE_GROUPS)
    present = list(db.session.scalars(select(Group).join(Membership).where(Membership.user_id == user.id)))
    leaves = tuple(group for group in present if group not in wanted)
    _require_may_leave(user, leaves, actor)
    return GroupMoves(leaves, tuple(group for group in wanted if group not in present))


def move_between_groups(user: User, moves: GroupMoves, *, actor: Actor, now: datetime) -> None:
    """Let a user leave and join the groups that `plan_groups` returned."""
    for group in moves.leaves:
        _remove(group, user, actor)
    for group in moves.joins:
        _add(group, user, actor, now)


def find(name: str) -> Group | None:
    """Return the group with this name in any spelling, or None."""
    return db.session.scalar(select(Group).where(Group.name_key == email_addresses.name_key(name)))


def all_groups() -> list[Group]:
    """Return all groups, by name."""
    return list(db.session.scalars(select(Group).order_by(Group.name_key)))


def _add(group: Group, user: User, actor: Actor, now: datetime) -> bool:
    added = insert_once(Membership, user_id=user.id, group_id=group.id, joined_at=now)
    if added:
        record(Event.MEMBER_ADDED, actor=actor, subject=user, group=group.name)
    return added


def _remove(group: Group, user: User, actor: Actor) -> bool:
    where = Membership.group_id == group.id, Membership.user_id == user.id
    removed = rows_changed(delete(Membership).where(*where)) == 1
    if removed:
        record(Event.MEMBER_REMOVED, actor=actor, subject=user, group=group.name)
    return removed


def _is_member(group: Group, user_id: int | None) -> bool:
    found = select(Membership.user_id).where(Membership.group_id == group.id, Membership.user_id == user_id)
    return db.session.scalar(found) is not None


def _require_may_leave(user: User, groups: Iterable[Group], actor: Actor) -> None:
    """Raise CannotExemptSelf if leaving these groups would lift the actor's own requirement."""
    if any(group.required for group in groups) and not actor.may_loosen(user):
        raise CannotExemptSelf


def _require_free(name: str, owner: Group | None = None) -> None:
    taken = find(name)
    if taken is not None and (owner is None or taken.id != owner.id):
        raise NameTaken


@dataclass(frozen=True)
class GroupWithCounts:
    """A group with its counts. Disabled accounts are included."""

    group: Group
    members: int
    linked: int


def all_with_counts() -> list[GroupWithCounts]:
    """Return all groups with their counts, by name, using one SELECT."""
    return [GroupWithCounts(*row) for row in db.session.execute(_counted().order_by(Group.name_key))]


def find_with_counts(group_id: int) -> GroupWithCounts | None:
    """Return one group with its counts, or None."""
    row = db.session.execute(_counted().where(Group.id == group_id)).first()
    return GroupWithCounts(*row) if row else None


@cache
def _counted() -> Select[Group, int, int]:
    members = func.coalesce(func.sum(GroupCount.members), 0)
    linked = func.coalesce(func.sum(GroupCount.linked), 0)
    counted = select(Group, members, linked).outerjoin(GroupCount, GroupCount.group_id == Group.id)
    return counted.group_by(Group.id)
