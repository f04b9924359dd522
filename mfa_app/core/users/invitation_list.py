"""Invitations in a list: who was invited, by whom, and how far that has come. The newest comes first."""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from mfa_app.core.common.page_keys import all_pages, key_of, read_key
from mfa_app.core.users.invitations import State, is_invitable, state_of
from mfa_app.extensions import db
from mfa_app.models import Invitation, User

PAGE = 50


class Stage(enum.StrEnum):
    """Which invitations to list: those in a state, and those whose owners ask for a new link (ASKED).

    The values are in addresses.
    """

    WAITING = "waiting"
    SENT = "sent"
    OPENED = "opened"
    REFUSED = "refused"
    EXPIRED = "expired"
    ENDED = "ended"
    ASKED = "asked"
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Entry:
    """An invitation as the list shows one. `sender` is empty if it was sent from the terminal.

    `asked_at` is when its owner last asked for a new link. `invitable`: it can be sent again.
    """

    id: int
    name: str
    email: str
    sender: str
    sent_at: datetime
    expires_at: datetime
    asked_at: datetime | None
    used_at: datetime | None
    state: State
    invitable: bool


@dataclass(frozen=True)
class Page:
    """Invitations, and the key of the next page, or None."""

    entries: tuple[Entry, ...] = ()
    after: str | None = None


_UNUSED = Invitation.used_at.is_(None)
_OPENED = Invitation.opened_at.is_not(None)
_owner = aliased(User)


def _of_owner(condition: ColumnElement[bool]) -> Any:
    """Return whether the owner meets a condition, so that PostgreSQL doesn't begin with all people."""
    return select(condition).where(_owner.id == Invitation.user_id).scalar_subquery()


_ENDED = _of_owner(_owner.security_stamp != Invitation.security_stamp)
_REFUSED = _of_owner(
    and_(_owner.email_refused_at.is_not(None), _owner.email_refused_at >= Invitation.sent_at)
)


def _as_it_should_be(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(_UNUSED, ~_ENDED, ~_REFUSED, *conditions)


# Each reads one index of the table, which has these rows alone, or a part of one. All but ASKED say what
# `state_of` says.
_CONDITIONS: dict[Stage, Callable[[datetime], ColumnElement[bool]]] = {
    Stage.WAITING: lambda now: _as_it_should_be(
        ~_OPENED, Invitation.mailed_at.is_(None), Invitation.expires_at > now
    ),
    Stage.SENT: lambda now: _as_it_should_be(
        ~_OPENED, Invitation.mailed_at.is_not(None), Invitation.expires_at > now
    ),
    Stage.OPENED: lambda now: _as_it_should_be(_OPENED, Invitation.expires_at > now),
    Stage.REFUSED: lambda _now: and_(_UNUSED, ~_ENDED, _REFUSED),
    Stage.EXPIRED: lambda now: _as_it_should_be(Invitation.expires_at <= now),
    Stage.ENDED: lambda _now: and_(_UNUSED, _ENDED),
    Stage.ASKED: lambda _now: and_(_UNUSED, Invitation.asked_at.is_not(None)),
    Stage.ACCEPTED: lambda _now: Invitation.used_at.is_not(None),
}


def page(stage: Stage | None = None, *, now: datetime, after: str | None = None) -> Page:
    """Return 50 invitations of a stage, or of all (None). `after` is the key of the page before. One SELECT.

    The newest comes first; of those that were accepted, the last accepted. A key that is none leads to the
    first page.
    """
    moment: Any = Invitation.used_at if stage is Stage.ACCEPTED else Invitation.expires_at
    found = select(Invitation, User).join(User, User.id == Invitation.user_id)
    if stage is not None:
        found = found.where(_CONDITIONS[stage](now))
    if (last := read_key(after)) is not None:
        at, user_id = last
        found = found.where(moment <= at, or_(moment < at, Invitation.user_id < user_id))
    found = found.order_by(moment.desc(), Invitation.user_id.desc()).limit(PAGE + 1)
    rows = db.session.execute(found.execution_options(populate_existing=True)).all()
    entries = tuple(_entry(row.Invitation, row.User, now) for row in rows[:PAGE])
    return Page(entries, _key(stage, entries[-1]) if len(rows) > PAGE else None)


def every(stage: Stage | None = None, *, now: datetime) -> Iterator[Entry]:
    """Yield the invitations of a stage, or all (None), a page at a time."""
    for found in all_pages(lambda key: page(stage, now=now, after=key)):
        yield from found.entries


def _entry(invitation: Invitation, user: User, now: datetime) -> Entry:
    return Entry(
        id=user.id,
        name=user.name or user.email,
        email=user.email,
        sender=invitation.sender,
        sent_at=invitation.sent_at,
        expires_at=invitation.expires_at,
        asked_at=invitation.asked_at,
        used_at=invitation.used_at,
        state=state_of(invitation, user, now=now),
        invitable=is_invitable(user, now),
    )


def _key(stage: Stage | None, last: Entry) -> str:
    moment = last.used_at if stage is Stage.ACCEPTED and last.used_at else last.expires_at
    return key_of(moment, last.id)
