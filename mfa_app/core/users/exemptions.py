"""Exemptions in force: who is exempt until when, why, and by whom. The soonest end comes first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select

from mfa_app.core.common.page_keys import all_pages, key_of, read_key
from mfa_app.core.policy import conditions
from mfa_app.core.users.directory import groups_of
from mfa_app.extensions import db
from mfa_app.models import User

PAGE = 50


@dataclass(frozen=True)
class Exemption:
    """Somebody who is exempt. `reason` and `by` are what was noted with the exemption, and so is `since`.

    Those that were given before this was noted have no `since`.
    """

    id: int
    name: str
    email: str
    since: datetime | None
    until: datetime
    reason: str
    by: str
    disabled: bool
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Exemptions in the order of their ends, and the key of the next page, or None."""

    people: tuple[Exemption, ...] = ()
    after: str | None = None


def page(*, now: datetime, after: str | None = None) -> Page:
    """Return 50 exemptions in force, disabled accounts among them. `after` is the key of the page before.

    Two SELECTs. A key that is none leads to the first page.
    """
    users = list(db.session.scalars(_in_force(now, after).limit(PAGE + 1)))
    shown = users[:PAGE]
    groups = groups_of([user.id for user in shown])
    people = tuple(
        _exemption(user, user.exempt_until, groups.get(user.id, ()))
        for user in shown
        if user.exempt_until is not None
    )
    return Page(people, key_of(people[-1].until, people[-1].id) if len(users) > PAGE else None)


def all_in_force(*, now: datetime) -> Iterator[Exemption]:
    """Yield every exemption in force, a page at a time."""
    for found in all_pages(lambda key: page(now=now, after=key)):
        yield from found.people


def _in_force(now: datetime, after: str | None) -> Select[User]:
    found = select(User).where(conditions.is_exempt(conditions.of_user(), now))
    if (last := read_key(after)) is not None:
        until, user_id = last
        found = found.where(User.exempt_until >= until, or_(User.exempt_until > until, User.id > user_id))
    return found.order_by(User.exempt_until, User.id)


def _exemption(user: User, until: datetime, groups: Iterable[str]) -> Exemption:
    return Exemption(
        id=user.id,
        name=user.name or user.email,
        email=user.email,
        since=user.exempt_since,
        until=until,
        reason=user.exempt_reason or "",
        by=user.exempt_by or "",
        disabled=user.disabled_at is not None,
        groups=tuple(groups),
    )
