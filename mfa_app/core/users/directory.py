"""The directory of users: search, pages, and which accounts an actor may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Select, select

from mfa_app.core.audit.events import ENROLLING, Event
from mfa_app.core.common import scope
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotAllowed
from mfa_app.core.policy.facts import PolicySubject, find_subject
from mfa_app.core.users import people_lists
from mfa_app.core.users.filters import UserFilters
from mfa_app.core.users.people_lists import Order, PeopleList, Total
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User
from mfa_app.models.database import IDS, execute
from mfa_app.models.row_facts import AnyEvent

LATEST_EVENTS = 10

NOBODY = Total(0)

# After these, an earlier refusal says nothing of the user's factors any more.
_NEW_BEGINNINGS = frozenset(
    event.label
    for event in (
        Event.CODE_ACCEPTED,
        Event.AUTHENTICATOR_LINKED,
        Event.PASSKEY_ADDED,
        Event.SECOND_FACTOR_RESET,
    )
)


_COLUMNS = select(
    User.id,
    User.name,
    User.email,
    User.role,
    User.disabled_at,
    User.last_login_at,
    User.email_refused_at,
    User.password_hash.is_(None).label("invited"),
    User.linked,
    User.has_passkey,
    User.factors_locked_at,
    User.account_locked_at,
    User.ends_at,
    User.directory_number,
).where(User.id.in_(IDS))

_GROUPS = (
    select(Membership.user_id, Group.name)
    .join(Group, Group.id == Membership.group_id)
    .where(Membership.user_id.in_(IDS))
    .order_by(Group.name_key)
)


@dataclass(frozen=True)
class Entry:
    """A user as the list shows one.

    `stopped`: the second factors are locked. `locked`: the owner has locked the account.
    `invited`: has not chosen a password yet. `refused`: the mail server refuses the email address.
    """

    id: int
    name: str
    email: str
    role: Role
    groups: tuple[str, ...]
    linked: bool
    has_passkey: bool
    stopped: bool
    disabled: bool
    locked: bool
    invited: bool
    refused: bool
    last_login_at: datetime | None
    ends_at: datetime | None
    directory_number: str | None


@dataclass(frozen=True)
class UserPage:
    """Users in an order, and the keys to pass for the previous and next page, or None.

    `total`: how many users there are on all pages. `order` is the one asked for, unless the list is too long.
    """

    entries: tuple[Entry, ...] = ()
    before: str | None = None
    after: str | None = None
    total: Total = NOBODY
    order: Order = Order.EMAIL


def search(
    filters: UserFilters,
    *,
    actor: Actor,
    now: datetime,
    order: Order = Order.EMAIL,
    after: str | None = None,
    before: str | None = None,
) -> UserPage:
    """Return one page of the users that the actor may see, in at most eight SELECTs at any size."""
    found = people_lists.find(
        PeopleList(filters, roles_seen_by(actor), order, actor.scope_of), now=now, after=after, before=before
    )
    return UserPage(_entries(found.ids), found.before, found.after, found.total, found.order)


def all_found(filters: UserFilters, *, actor: Actor, now: datetime) -> Select[*tuple[Any, ...]]:
    """Return the SELECT of all users whom a search finds: id and key of the email address."""
    wanted = PeopleList(filters, roles_seen_by(actor), Order.EMAIL, actor.scope_of)
    return people_lists.all_people(wanted, now=now)


def get_visible(user_id: int, *, actor: Actor, to_change: bool = False) -> PolicySubject | None:
    """Return a user, or None. Raises NotAllowed if the actor may not see (or change) that account.

    For a help desk with a scope everyone outside it is as if there were no such user, at the same cost.
    """
    subject = find_subject(user_id, *scope.seen_by(actor))
    if subject is None:
        return None
    seen = Role(subject.user.role) in roles_seen_by(actor)
    if not seen or (to_change and not actor.may_act_on(subject.user)):
        raise NotAllowed
    return subject


def roles_seen_by(actor: Actor) -> frozenset[Role]:
    """Return the roles of the users that the actor may see."""
    return actor.visible_roles()


def refused_code_among(events: Iterable[AnyEvent]) -> AnyEvent | None:
    """Return the refused code among the ten newest of events, newest first; None if something new has begun.

    Codes and answers with which somebody could not enrol are not meant.
    """
    for row in islice(events, LATEST_EVENTS):
        if row.event in _NEW_BEGINNINGS:
            return None
        if row.event == Event.CODE_REFUSED.label and row.details["purpose"] not in ENROLLING:
            return row
    return None


def _entries(ids: list[int]) -> tuple[Entry, ...]:
    """Return these users, in this order."""
    if not ids:
        return ()
    groups = groups_of(ids)
    found = {row.id: row for row in execute(_COLUMNS, ids=ids)}
    rows = [found[id_] for id_ in ids if id_ in found]
    return tuple(
        Entry(
            id=row.id,
            name=row.name,
            email=row.email,
            role=Role(row.role),
            groups=tuple(groups.get(row.id, ())),
            linked=row.linked,
            has_passkey=row.has_passkey,
            stopped=row.factors_locked_at is not None,
            disabled=row.disabled_at is not None,
            locked=row.account_locked_at is not None,
            invited=row.invited,
            refused=row.email_refused_at is not None,
            last_login_at=row.last_login_at,
            ends_at=row.ends_at,
            directory_number=row.directory_number,
        )
        for row in rows
    )


def groups_of(user_ids: list[int]) -> dict[int, list[str]]:
    """Return the names of the groups of those of these users who are in any."""
    names: dict[int, list[str]] = {}
    for user_id, name in db.session.execute(_GROUPS, {"ids": user_ids}):
        names.setdefault(user_id, []).append(name)
    return names
