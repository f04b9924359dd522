"""Requests for a reset: filing one after the password, waiting with it, and stopping it by email.

A request opens nothing. It has a short number, which the caller reads out, and the help desk types it.
"""

import enum
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import HelpRequestGone, HelpRequestStopped, OneTimeLinkExpired
from mfa_app.core.common.locks import lock_user
from mfa_app.core.common.tokens import digest, new_token
from mfa_app.core.factors import written_codes
from mfa_app.core.helpdesk import next_login
from mfa_app.core.helpdesk.next_login import NextLogin
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import HelpRequest, OneTimeLink, ResetApproval, User
from mfa_app.models.column_types import new_id
from mfa_app.models.database import insert_once, rows_changed
from mfa_app.models.row_facts import AnyUser

OPEN_FOR = LIFETIME[Purpose.STOP_RESET]

OPEN_HOURS = one_time_links.hours_of(Purpose.STOP_RESET)

DIGITS = 6


class State(enum.StrEnum):
    """What has become of a request."""

    OPEN = "open"
    STOPPED = "stopped"
    DONE = "done"  # the help desk has reset the second factors, so the browser that waits can go on
    GONE = "gone"  # too old, replaced by another one, or ended by a change of the account


@dataclass(frozen=True)
class Waiting:
    """What the browser that waits may see: the state, and of an open request its number and its end.

    `next_login` is what comes once the help desk is done.
    """

    state: State
    number: str = ""
    until: datetime | None = None
    next_login: NextLogin | None = None


@dataclass(frozen=True)
class OpenRequest:
    """An open request, as the help desk needs it. `digest` is that of the token of the browser that waits."""

    id: str
    number: str
    reason: str
    digest: str
    ip_address: str
    user_agent: str
    created_at: datetime
    expires_at: datetime


def file(identity: Identity, reason: str, *, actor: Actor, now: datetime) -> str:
    """File a request in place of an earlier one, and tell its user by email. Return the token to wait with.

    Each attempt counts. Raises TooManyHelpRequests, HelpRequestStopped, SessionEnded.
    """
    user = identity.user
    counters.charge(limits.HELP_REQUESTS, user.id, now=now)
    lock_user(user)
    sessions.require(identity.session)
    if was_stopped(user, now=now):
        raise HelpRequestStopped
    db.session.execute(delete(HelpRequest).where(HelpRequest.user_id == user.id))
    token = new_token()
    values = {
        "user_id": user.id,
        "digest": digest(token),
        "reason": reason,
        "ip_address": actor.ip_address,
        "user_agent": actor.user_agent,
        "created_at": now,
        "expires_at": now + OPEN_FOR,
    }
    while not insert_once(HelpRequest, id=new_id(), number=written_codes.new_digits(DIGITS), **values):
        """Another open request has this number."""
    record(Event.RESET_REQUESTED, actor=actor, subject=user, reason=reason)
    stop = one_time_links.create(Purpose.STOP_RESET, user, now=now)
    context = {"token": stop, "reason": reason, "hours": OPEN_HOURS}
    outbox.notify(outbox.Mail.RESET_REQUESTED, user, actor=actor, now=now, **context)
    return token


def waiting(token: str, *, now: datetime) -> Waiting:
    """Return what has become of the request that was filed with this token. Nothing is written."""
    if not token:
        return Waiting(State.GONE)
    request = db.session.scalar(
        select(HelpRequest).where(HelpRequest.digest == digest(token), HelpRequest.expires_at > now)
    )
    if request is not None:
        if request.number is None:
            return Waiting(State.STOPPED)
        return Waiting(State.OPEN, request.number, request.expires_at)
    user = _reset_since(token, now)
    if user is None:
        return Waiting(State.GONE)
    return Waiting(State.DONE, next_login=next_login.since_reset(user, now=now))


def is_waited_for_by(user: AnyUser, token: str, *, now: datetime) -> bool:
    """Return True if the request of this token is the user's own: still there, or followed by a reset."""
    mine = HelpRequest.digest == digest(token), HelpRequest.user_id == user.id, HelpRequest.expires_at > now
    if db.session.scalar(select(HelpRequest.id).where(*mine)) is not None:
        return True
    owner = _reset_since(token, now)
    return owner is not None and owner.id == user.id


def _reset_since(token: str, now: datetime) -> User | None:
    """Return who has been reset, as this browser has asked, if it may go on after that; else None."""
    try:
        _link, user = one_time_links.find(token, Purpose.AFTER_RESET, now=now)
    except OneTimeLinkExpired:
        return None
    return user


def get_open(request_id: str, user: User, *, now: datetime) -> OpenRequest:
    """Return a request of this user. Raises HelpRequestGone unless it is still open."""
    request = find_open(user, now=now)
    if request is None or request.id != request_id:
        raise HelpRequestGone
    return request


def find_open(user: User, *, now: datetime) -> OpenRequest | None:
    """Return the open request of a user, or None."""
    columns = (getattr(HelpRequest, field.name) for field in fields(OpenRequest))
    row = db.session.execute(select(*columns).where(*_open_of(user, now))).one_or_none()
    return OpenRequest(*row) if row else None


def was_stopped(user: AnyUser, *, now: datetime) -> bool:
    """Return True while a request is there that its user has stopped."""
    stopped = HelpRequest.stopped_at.is_not(None), HelpRequest.expires_at > now
    found = select(HelpRequest.id).where(HelpRequest.user_id == user.id, *stopped)
    return db.session.scalar(found) is not None


def stop_by_link(link: OneTimeLink, user: User, *, actor: Actor, now: datetime) -> None:
    """Stop the open request of the user who got a link by email, and use the link up.

    Until the request would have ended, no other can be filed. A reset that waits for an approval ends with
    it, even one that was asked for without the number. Raises OneTimeLinkExpired.
    """
    lock_user(user)
    one_time_links.consume(link)
    if rows_changed(update(HelpRequest).where(*_open_of(user, now)).values(number=None, stopped_at=now)):
        db.session.execute(delete(ResetApproval).where(ResetApproval.user_id == user.id))
        record(Event.RESET_REQUEST_STOPPED, actor=actor, subject=user)


def _open_of(user: User, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a user's request that is open: neither stopped nor over."""
    return HelpRequest.user_id == user.id, HelpRequest.number.is_not(None), HelpRequest.expires_at > now
