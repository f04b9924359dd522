"""The scope of a help desk, in SQL: of which groups it sees people. All others don't exist for it."""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import aliased

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import OutOfScope
from mfa_app.extensions import db
from mfa_app.models import HelpdeskScope, Membership, User


def groups_of(helper_id: int) -> Select[int]:
    """Return the SELECT of the ids of the groups in a scope."""
    return select(HelpdeskScope.group_id).where(HelpdeskScope.user_id == helper_id)


def people_of(helper_id: int) -> Select[int]:
    """Return the SELECT of the ids of the people in a scope. It may name somebody twice."""
    return select(Membership.user_id).where(Membership.group_id.in_(groups_of(helper_id)))


def has_person(helper_id: int) -> ColumnElement[bool]:
    """Return the condition for a User to be in a group of a scope, whatever other groups there are."""
    member: Any = aliased(Membership)  # else this would be about the memberships of the statement around it
    return exists().where(member.user_id == User.id, member.group_id.in_(groups_of(helper_id)))


def seen_by(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions for a User to exist for this actor: none, unless the actor has a scope."""
    if actor.scope_of is None:
        return []
    return [User.role.in_(actor.visible_roles()), has_person(actor.scope_of)]


def visible_to(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions for a User to be somebody whom this actor may see."""
    return [User.role.in_(actor.visible_roles()), *seen_by(actor)]


def within_reach(actor: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions for a User to be somebody this actor may act on: what `begin_change` checks."""
    return [*visible_to(actor), User.id != actor.user_id]


def require_seen(actor: Actor, user: User) -> None:
    """Check by the scope of now, after locking, that an actor of the help desk still sees a user.

    Raises OutOfScope.
    """
    if not actor.may_have_scope or actor.user_id is None:
        return
    limited = select(User.help_limited).where(User.id == actor.user_id)
    inside = select(User.id).where(User.id == user.id, has_person(actor.user_id))
    if db.session.scalar(limited) and db.session.scalar(inside) is None:
        raise OutOfScope
