"""The directory of users: search, pages, and which accounts an actor may see."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, false, func, select
from sqlalchemy.orm import InstrumentedAttribute

from mfa_app.core.audit.events import ENROLLING, Event
from mfa_app.core.common import search_words
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotAllowed
from mfa_app.core.policy.facts import PolicySubject, find_subject
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Group, Membership, Role, SearchWord, User

PAGE = 50

LATEST_EVENTS = 10

FEW = 20_000  # rows of the rarest word, up to which sorting takes less than looking through all users

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


@dataclass(frozen=True)
class UserFilters:
    """What to search for. `text` is an email address, or beginnings of words of names and addresses.

    `passkey`: only who has one. `active`: not disabled. `locked`: only accounts that their owners have
    locked.
    """

    text: str = ""
    group_id: int | None = None
    role: Role | None = None
    linked: bool | None = None
    passkey: bool = False
    active: bool | None = None
    locked: bool = False


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
    """Users by email address, and the keys to pass for the previous and next page, or None."""

    entries: tuple[Entry, ...] = ()
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class _Place:
    """Where a page begins or ends: after an email address or before one, else at the first."""

    after: str | None
    before: str | None

    @property
    def backwards(self) -> bool:
        return self.after is None and self.before is not None

    def page_of(self, statement: Select[Any], key: InstrumentedAttribute[Any]) -> Select[Any]:
        """Return the first rows of this page in the order of a column, and one more."""
        if self.backwards:
            statement = statement.where(key < self.before).order_by(key.desc())
        else:
            statement = statement.where(key > (self.after or "")).order_by(key)
        return statement.limit(PAGE + 1)


def search(
    filters: UserFilters, *, actor: Actor, after: str | None = None, before: str | None = None
) -> UserPage:
    """Return one page of the users that the actor may see. Two SELECTs at any size, three with a text."""
    place, hidden = _Place(after, before), frozenset(Role) - roles_seen_by(actor)
    only_text = not hidden and replace(filters, text="") == UserFilters()
    matches = _matches(filters.text, place if only_text else None) if filters.text else []
    # Not `in_`: SQLite would then go through the index on roles and sort nearly everybody.
    statement = _columns().where(User.role.not_in(hidden), *matches, *_conditions(filters))
    key: InstrumentedAttribute[Any] = User.email_key
    if filters.group_id is not None:
        statement = statement.join(Membership, Membership.user_id == User.id)
        statement, key = statement.where(Membership.group_id == filters.group_id), Membership.email_key
    rows = list(db.session.execute(place.page_of(statement, key)))
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if place.backwards:
        rows.reverse()
    return UserPage(
        _entries(rows),
        before=rows[0].email_key if rows and (more if place.backwards else after is not None) else None,
        after=rows[-1].email_key if rows and (more or place.backwards) else None,
    )


def get_visible(user_id: int, *, actor: Actor, to_change: bool = False) -> PolicySubject | None:
    """Return a user, or None. Raises NotAllowed if the actor may not see (or change) that account."""
    subject = find_subject(user_id)
    if subject is None:
        return None
    seen = Role(subject.user.role) in roles_seen_by(actor)
    if not seen or (to_change and not actor.may_act_on(subject.user)):
        raise NotAllowed
    return subject


def roles_seen_by(actor: Actor) -> frozenset[Role]:
    """Return the roles of the users that the actor may see."""
    return actor.visible_roles()


def latest_events(user: User) -> list[AuditEvent]:
    """Return the newest events about a user, newest first."""
    about = select(AuditEvent).where(AuditEvent.subject_id == user.id)
    return list(db.session.scalars(about.order_by(AuditEvent.id.desc()).limit(LATEST_EVENTS)))


def refused_code_among(events: Iterable[AuditEvent]) -> AuditEvent | None:
    """Return the refused code among events, the newest first; None if something new has begun since.

    Codes and answers with which somebody could not enrol are not meant.
    """
    for row in events:
        if row.event in _NEW_BEGINNINGS:
            return None
        if row.event == Event.CODE_REFUSED.label and row.details["purpose"] not in ENROLLING:
            return row
    return None


def _columns() -> Select[*tuple[Any, ...]]:
    return select(
        User.id,
        User.name,
        User.email,
        User.email_key,
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
    )


def _conditions(filters: UserFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.role is not None:
        conditions.append(User.role == filters.role)
    if filters.passkey and filters.group_id is not None:
        conditions.append(Membership.linked == filters.passkey)  # implied, and in an index
    if filters.linked is not None:
        conditions.append(_linked(filters) == filters.linked)
    if filters.passkey:
        conditions.append(User.has_passkey == filters.passkey)
    if filters.active is not None:
        conditions.append(User.disabled_at.is_(None) if filters.active else User.disabled_at.is_not(None))
    if filters.locked:
        conditions.append(User.account_locked_at.is_not(None))
    return conditions


def _linked(filters: UserFilters) -> Any:
    """Return the column that says who is linked, of the table whose index serves these filters best."""
    if filters.group_id is not None:
        return Membership.linked
    few = filters.active is False or filters.locked  # so no index on who is linked
    return func.coalesce(User.linked, false()) if few else User.linked


def _matches(text: str, place: _Place | None) -> list[ColumnElement[bool]]:
    """Return the conditions: few users are collected and sorted, among many the first are found.

    Without other filters than the text, `place` lets the words alone say who is on the page.
    """
    user_id = lookup.id_by_email(text) if "@" in text else None
    if user_id is not None:
        return [User.id == user_id]
    words = search_words.typed(text)
    if not words:
        return [false()]
    words, rows = search_words.rarest_first(words, up_to=FEW)
    if rows >= FEW:
        return [search_words.has_word(User.id, word) for word in words]
    found: Select[Any] = search_words.users_with(words).distinct()
    if place is not None:
        found = place.page_of(found.add_columns(SearchWord.email_key), SearchWord.email_key)
    # Not `in_`: PostgreSQL could take that for a reason to look through all users.
    return [User.id == found.cte("found").prefix_with("MATERIALIZED", dialect="postgresql").c.user_id]


def _entries(rows: list[Row[Any]]) -> tuple[Entry, ...]:
    groups = groups_of([row.id for row in rows])
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
    held = select(Membership.user_id, Group.name).join(Group, Group.id == Membership.group_id)
    names: dict[int, list[str]] = {}
    for user_id, name in db.session.execute(
        held.where(Membership.user_id.in_(user_ids)).order_by(Group.name_key)
    ):
        names.setdefault(user_id, []).append(name)
    return names
