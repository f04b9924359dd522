"""Groups: making, renaming and deleting them, and who is in which."""

from datetime import datetime

from sqlalchemy import delete, select

from mfa_app.core import addresses, administrators, permissions
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import NameTaken, OwnRequirement
from mfa_app.core.permissions import Permission
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, User
from mfa_app.models.database import insert_once


def create(name: str, *, actor: Actor, now: datetime) -> Group:
    """Make a group whose rule requires nothing yet. Raises NameTaken, NotAllowed."""
    permissions.require(actor, Permission.MANAGE_GROUPS)
    administrators.one_change_at_a_time()
    _require_free(name)
    group = Group(name=name, name_key=addresses.name_key(name), created_at=now)
    db.session.add(group)
    db.session.flush()
    record(Event.GROUP_CREATED, actor=actor, group=name)
    return group


def rename(group: Group, name: str, *, actor: Actor) -> None:
    """Give a group another name. Raises NameTaken, NotAllowed."""
    permissions.require(actor, Permission.MANAGE_GROUPS)
    administrators.one_change_at_a_time()
    _require_free(name, group)
    before, group.name, group.name_key = group.name, name, addresses.name_key(name)
    record(Event.GROUP_RENAMED, actor=actor, group=name, before=before)


def remove(group: Group, *, actor: Actor) -> None:
    """Delete a group; its members stay, its rule goes. Raises NotAllowed."""
    permissions.require(actor, Permission.MANAGE_GROUPS)
    db.session.execute(delete(Membership).where(Membership.group_id == group.id))
    db.session.execute(delete(Group).where(Group.id == group.id))
    record(Event.GROUP_DELETED, actor=actor, group=group.name)


def add_member(group: Group, user: User, *, actor: Actor, now: datetime) -> bool:
    """Put a person into a group, and say whether that was new; grace counts from now. Raises NotAllowed."""
    permissions.require(actor, Permission.MANAGE_GROUPS)
    added = insert_once(Membership, user_id=user.id, group_id=group.id, joined_at=now)
    if added:
        record(Event.MEMBER_ADDED, actor=actor, subject=user, group=group.name)
    return added


def remove_member(group: Group, user: User, *, actor: Actor) -> bool:
    """Take a person out of a group; say whether the person was in it. Raises NotAllowed, OwnRequirement."""
    permissions.require(actor, Permission.MANAGE_GROUPS)
    if group.required and not permissions.may_loosen(actor, user):
        raise OwnRequirement
    where = Membership.group_id == group.id, Membership.user_id == user.id
    removed = db.session.execute(delete(Membership).where(*where)).rowcount == 1
    if removed:
        record(Event.MEMBER_REMOVED, actor=actor, subject=user, group=group.name)
    return removed


def set_groups(user: User, wanted: list[Group], *, actor: Actor, now: datetime) -> None:
    """Put a person into exactly these groups. Raises NotAllowed, OwnRequirement."""
    present = _of_person(user)
    for group in present:
        if group not in wanted:
            remove_member(group, user, actor=actor)
    for group in wanted:
        if group not in present:
            add_member(group, user, actor=actor, now=now)


def check_leaving(user: User, wanted: list[Group], *, actor: Actor) -> None:
    """Raise OwnRequirement if these groups would let the actor off; for what is saved together with them."""
    left = [group for group in _of_person(user) if group not in wanted]
    if any(group.required for group in left) and not permissions.may_loosen(actor, user):
        raise OwnRequirement


def find(name: str) -> Group | None:
    """Return the group of this name, in any spelling."""
    return db.session.scalar(select(Group).where(Group.name_key == addresses.name_key(name)))


def everything() -> list[Group]:
    """Return all groups, by name."""
    return list(db.session.scalars(select(Group).order_by(Group.name_key)))


def _of_person(user: User) -> list[Group]:
    return list(db.session.scalars(select(Group).join(Membership).where(Membership.user_id == user.id)))


def _require_free(name: str, owner: Group | None = None) -> None:
    taken = find(name)
    if taken is not None and (owner is None or taken.id != owner.id):
        raise NameTaken
