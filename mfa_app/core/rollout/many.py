"""One change for up to 50 people: whom it concerns, who is left out and why, and how it is done whole."""

import enum
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change, lock_user, reload_group
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.rollout import reminders
from mfa_app.core.users import accounts, invitations
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User

MOST = 50


class Action(enum.StrEnum):
    """What can be done to many people at once. The values are in addresses."""

    JOIN = "join"
    LEAVE = "leave"
    INVITE = "invite"
    REMIND = "remind"
    DISABLE = "disable"


OF_GROUPS = frozenset({Action.JOIN, Action.LEAVE})


class Obstacle(enum.Enum):
    """Why somebody is left out."""

    OWN_ACCOUNT = enum.auto()
    OWN_REQUIREMENT = enum.auto()
    ADMINISTRATOR = enum.auto()
    DISABLED = enum.auto()
    CLOSED = enum.auto()
    MEMBER = enum.auto()
    NO_MEMBER = enum.auto()
    PASSWORD_CHOSEN = enum.auto()
    NOTHING_TO_REMIND = enum.auto()


@dataclass(frozen=True)
class Change:
    """An action for at most 50 people, by their ids. Joining and leaving have a group."""

    action: Action
    user_ids: frozenset[int]
    group: Group | None = None


@dataclass(frozen=True)
class Plan:
    """Whom a change concerns, by email address, and who is left out of it, by what stands in the way."""

    people: tuple[User, ...] = ()
    left_out: dict[Obstacle, list[User]] = field(default_factory=dict)


def preview(change: Change, *, actor: Actor, now: datetime) -> Plan:
    """Return whom the change would concern now. Raises NotAllowed."""
    actor.require(Permission.MANAGE_USERS)
    users = select(User).where(User.id.in_(change.user_ids)).order_by(User.email_key)
    obstacle = _obstacles(change, actor, now)
    people, left_out = [], dict[Obstacle, list[User]]()
    for user in db.session.scalars(users.execution_options(populate_existing=True)):
        found = obstacle(user)
        if found is None:
            people.append(user)
        else:
            left_out.setdefault(found, []).append(user)
    return Plan(tuple(people), left_out)


def apply(change: Change, *, actor: Actor, now: datetime) -> Plan:
    """Do what `preview` would show now, and return it. Nobody is concerned if the group is gone.

    The caller commits, so it is done for all of them or, if something unforeseen happens, for nobody.
    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    if change.group is not None and reload_group(change.group) is None:
        return Plan()
    for user in db.session.scalars(select(User).where(User.id.in_(change.user_ids)).order_by(User.id)).all():
        lock_user(user)
    plan = preview(change, actor=actor, now=now)
    if plan.people:
        _do(change, plan.people, actor, now)
    return plan


def _do(change: Change, people: tuple[User, ...], actor: Actor, now: datetime) -> None:
    if change.action is Action.INVITE:
        invitations.invite_many(people, actor=actor, now=now)
    elif change.action is Action.REMIND:
        reminders.remind(people, actor=actor, now=now)
    for user in people:
        if change.action is Action.DISABLE:
            accounts.disable(user, actor=actor, now=now)
        elif change.action is Action.JOIN and change.group is not None:
            groups.add_member(change.group, user, actor=actor, now=now)
        elif change.action is Action.LEAVE and change.group is not None:
            groups.remove_member(change.group, user, actor=actor)


def _obstacles(change: Change, actor: Actor, now: datetime) -> Callable[[User], Obstacle | None]:
    """Return the function that says what stands in the way of this change for a user."""
    if change.group is not None:
        where = Membership.group_id == change.group.id, Membership.user_id.in_(change.user_ids)
        members = set(db.session.scalars(select(Membership.user_id).where(*where)))
        group = change.group
        if change.action is Action.JOIN:
            return lambda user: Obstacle.MEMBER if user.id in members else None
        return lambda user: _against_leaving(user, group, members, actor)
    if change.action is Action.DISABLE:
        return lambda user: _against_acting(user, actor) or _against_disabling(user)
    if change.action is Action.INVITE:
        return lambda user: _against_acting(user, actor) or _against_inviting(user, now)
    due = reminders.due_today(change.user_ids, now=now)
    return lambda user: (
        _against_acting(user, actor) or (None if user.id in due else Obstacle.NOTHING_TO_REMIND)
    )


def _against_acting(user: User, actor: Actor) -> Obstacle | None:
    return None if actor.may_act_on(user) else Obstacle.OWN_ACCOUNT


def _against_leaving(user: User, group: Group, members: Collection[int], actor: Actor) -> Obstacle | None:
    if user.id not in members:
        return Obstacle.NO_MEMBER
    return Obstacle.OWN_REQUIREMENT if group.required and not actor.may_loosen(user) else None


def _against_disabling(user: User) -> Obstacle | None:
    """Leave administrators out: each of them deserves a look, and the last one must stay."""
    if user.disabled_at is not None:
        return Obstacle.DISABLED
    return Obstacle.ADMINISTRATOR if user.role == Role.ADMIN else None


def _against_inviting(user: User, now: datetime) -> Obstacle | None:
    if invitations.is_invitable(user, now):
        return None
    return Obstacle.PASSWORD_CHOSEN if user.is_open(now) else Obstacle.CLOSED
