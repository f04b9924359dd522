"""The queue of the help desk: who waits for a reset, and whose request has the number that is read out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import scope
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotARequestNumber, WrongRequestNumber
from mfa_app.core.common.page_keys import all_pages, key_of, read_key
from mfa_app.core.common.permissions import Permission
from mfa_app.core.common.text import without_separators
from mfa_app.core.helpdesk.requests import DIGITS
from mfa_app.core.policy import conditions
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, HelpRequest, User

PAGE = 50

LOOKED_BACK = timedelta(days=30)

# What somebody does who takes over an account, or the owner, before the phone is lost.
CHANGES = (
    Event.PASSWORD_CHANGED,
    Event.USER_EDITED,
    Event.DEVICE_TRUSTED,
    Event.AUTHENTICATOR_LINKED,
    Event.PASSKEY_ADDED,
    Event.SECOND_FACTOR_RESET,
    Event.RESET_REQUESTED,
    Event.RESET_REQUEST_STOPPED,
)


@dataclass(frozen=True)
class Change:
    """What has happened to an account in the last 30 days: an event, when it was last, and how often."""

    event: str
    at: datetime
    times: int


@dataclass(frozen=True)
class Entry:
    """A request in the queue. It does not say its number: the caller reads that out."""

    user_id: int
    name: str
    email: str
    reason: str
    ip_address: str
    user_agent: str
    created_at: datetime
    stopped_at: datetime | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Page:
    """Requests, the oldest first, and the key of the next page, or None."""

    entries: tuple[Entry, ...] = ()
    after: str | None = None


@dataclass(frozen=True)
class Caller:
    """Whose request has the number that was read out."""

    request_id: str
    user_id: int


def page(*, actor: Actor, now: datetime, after: str | None = None) -> Page:
    """Return 50 requests of users whom the actor may reset, in two SELECTs. `after` is the key of a page."""
    found = _waiting(actor, now)
    if (last := read_key(after)) is not None:
        expires_at, user_id = last
        later = or_(HelpRequest.expires_at > expires_at, HelpRequest.user_id > user_id)
        found = found.where(HelpRequest.expires_at >= expires_at, later)
    ordered = found.order_by(HelpRequest.expires_at, HelpRequest.user_id)
    rows = db.session.execute(ordered.limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    changes = _changes_of([user.id for _request, user in shown], since=now - LOOKED_BACK)
    entries = tuple(_entry(request, user, changes.get(user.id, ())) for request, user in shown)
    end = shown[-1][0] if len(rows) > PAGE else None
    return Page(entries, key_of(end.expires_at, end.user_id) if end else None)


def every(*, actor: Actor, now: datetime) -> Iterator[Entry]:
    """Yield all of them, a page at a time."""
    for found in all_pages(lambda key: page(actor=actor, now=now, after=key)):
        yield from found.entries


def find_caller(typed: str, *, actor: Actor, now: datetime) -> Caller:
    """Return whose request has the number that a caller read out. Wrong numbers are counted and recorded.

    A request that is not in the actor's queue is as if there were none, also by what it costs. Raises
    NotAllowed, NotARequestNumber, WrongRequestNumber, Throttled.
    """
    actor.require(Permission.RESET_SECOND_FACTOR)
    number = without_separators(typed)
    if len(number) != DIGITS or not (number.isascii() and number.isdecimal()):
        raise NotARequestNumber
    charged = counters.charge(limits.REQUEST_NUMBERS, actor.user_id or actor.kind, now=now)
    found = db.session.execute(_waiting(actor, now).where(HelpRequest.number == number)).one_or_none()
    if found is None:
        record(Event.REQUEST_NUMBER_REFUSED, actor=actor, failures=charged.failures)
        raise WrongRequestNumber
    request, user = found
    counters.reset_after_success(charged)
    record(Event.REQUEST_NUMBER_GIVEN, actor=actor, subject=user)
    return Caller(request.id, user.id)


def _waiting(actor: Actor, now: datetime) -> Select[HelpRequest, User]:
    """Select the requests of users whom the actor may reset, and whose accounts are open."""
    return (
        select(HelpRequest, User)
        .join(User, User.id == HelpRequest.user_id)
        .where(
            HelpRequest.expires_at > now,
            *scope.within_reach(actor),
            conditions.is_open(now),
        )
    )


def _changes_of(user_ids: list[int], *, since: datetime) -> dict[int, list[Change]]:
    """Return what has changed on each of these accounts, the latest first.

    The request with which they wait now is no such change.
    """
    if not user_ids:
        return {}
    latest = func.max(AuditEvent.at)
    events = [event.label for event in CHANGES]
    about = AuditEvent.subject_id.in_(user_ids), AuditEvent.event.in_(events), AuditEvent.at > since
    another = or_(AuditEvent.event != Event.RESET_REQUESTED.label, AuditEvent.at < HelpRequest.created_at)
    rows = db.session.execute(
        select(AuditEvent.subject_id, AuditEvent.event, latest, func.count())
        .join(HelpRequest, HelpRequest.user_id == AuditEvent.subject_id)
        .where(*about, another)
        .group_by(AuditEvent.subject_id, AuditEvent.event)
        .order_by(latest.desc())
    )
    changes: dict[int, list[Change]] = {}
    for user_id, event, at, times in rows:
        if user_id is not None:
            changes.setdefault(user_id, []).append(Change(event, at, times))
    return changes


def _entry(request: HelpRequest, user: User, changes: Iterable[Change]) -> Entry:
    return Entry(
        user_id=user.id,
        name=user.name or user.email,
        email=user.email,
        reason=request.reason,
        ip_address=request.ip_address,
        user_agent=request.user_agent,
        created_at=request.created_at,
        stopped_at=request.stopped_at,
        changes=tuple(changes),
    )
