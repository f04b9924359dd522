"""One-time links: who gets one, how long it is valid, and the moment at which it is used up."""

import enum
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.common.actor import SITE, Actor
from mfa_app.core.common.clock import is_fresh
from mfa_app.core.common.errors import OneTimeLinkExpired
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.common.tokens import digest, new_token
from mfa_app.extensions import db
from mfa_app.models import OneTimeLink, User
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import AnyUser


class Purpose(enum.StrEnum):
    """What a link is for. A link for one purpose is never accepted for another."""

    SETUP = "setup"
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"
    ENROLMENT = "enrolment"
    ACCOUNT_LOCK = "account_lock"
    STOP_RESET = "stop_reset"
    STOP_APPROVAL = "stop_approval"
    AFTER_RESET = "after_reset"  # in no email: it is the token with which a browser waits


LIFETIME = {
    Purpose.SETUP: timedelta(hours=24),
    Purpose.INVITATION: timedelta(days=7),
    Purpose.PASSWORD_RESET: timedelta(minutes=60),
    Purpose.ENROLMENT: timedelta(hours=72),
    Purpose.ACCOUNT_LOCK: timedelta(days=30),
    Purpose.STOP_RESET: timedelta(hours=4),
    Purpose.STOP_APPROVAL: timedelta(days=30),
    Purpose.AFTER_RESET: timedelta(hours=4),
}

# Of which a user may have more than one.
SEVERAL = frozenset({Purpose.PASSWORD_RESET, Purpose.ACCOUNT_LOCK, Purpose.STOP_RESET, Purpose.STOP_APPROVAL})

# These lock an account. No revocation ends them, or a thief could revoke access to be rid of them.
LOCKING = frozenset({Purpose.ACCOUNT_LOCK, Purpose.STOP_APPROVAL})


def hours_of(purpose: Purpose) -> int:
    """Return for how many whole hours a link of this purpose works."""
    return LIFETIME[purpose] // timedelta(hours=1)


def create(purpose: Purpose, user: AnyUser | None, *, actor: Actor = SITE, now: datetime) -> str:
    """Return the token of a new link. Earlier ones of its purpose stop, unless a user may have `SEVERAL`.

    Anyone can ask for a reset, so the next request must not end the link that the user is about to open; and
    each mail has its own link to lock the account, or to stop a reset.
    """
    if purpose not in SEVERAL:
        end_all(purpose, user, because=EndReason.REPLACED, actor=actor)
    return add(purpose, user, expires_at=now + LIFETIME[purpose])


def note_shown(user: User, *, actor: Actor) -> None:
    """Note on the trail that the actor sees a new link of this user. Raises NotAllowed, SessionEnded."""
    begin_change(actor, Permission.MANAGE_USERS, user)
    record(Event.LINK_SHOWN, actor=actor, subject=user)


def add(purpose: Purpose, user: AnyUser | None, *, expires_at: datetime) -> str:
    """Return the token of one more link. Those that the user has go on working until one is used."""
    token = new_token()
    add_for_token(purpose, user, token_digest=digest(token), expires_at=expires_at)
    return token


def add_for_token(purpose: Purpose, user: AnyUser | None, *, token_digest: str, expires_at: datetime) -> None:
    """Add a link whose token somebody holds already."""
    db.session.add(
        OneTimeLink(
            purpose=purpose,
            digest=token_digest,
            user_id=user.id if user else None,
            security_stamp=user.security_stamp if user else 0,
            expires_at=expires_at,
        )
    )


def end_locking(user: AnyUser, *, because: EndReason, actor: Actor) -> None:
    """End all links that lock a user's account."""
    _end(OneTimeLink.purpose.in_(LOCKING), user, because, actor)


def end_all(purpose: Purpose, user: AnyUser | None, *, because: EndReason, actor: Actor) -> None:
    """End all links of a user (None: of nobody) for this purpose, and record why if there were any."""
    _end(OneTimeLink.purpose == purpose, user, because, actor)


def _end(which: ColumnElement[bool], user: AnyUser | None, because: EndReason, actor: Actor) -> None:
    owner = OneTimeLink.user_id.is_(None) if user is None else OneTimeLink.user_id == user.id
    if count := rows_changed(delete(OneTimeLink).where(which, owner)):
        record(Event.LINKS_ENDED, actor=actor, subject=user, count=count, because=because)


def find(token: str, *purposes: Purpose, now: datetime) -> tuple[OneTimeLink, User | None]:
    """Return the link for a token and its user (None for set-up), without using it up.

    Raises OneTimeLinkExpired.
    """
    link = db.session.scalar(select(OneTimeLink).where(OneTimeLink.digest == digest(token)))
    if link is None or link.purpose not in purposes:
        raise OneTimeLinkExpired
    lifetime = LIFETIME[Purpose(link.purpose)]
    if not is_fresh(link.expires_at - lifetime, lifetime, now=now):  # False after the clock was set back too
        raise OneTimeLinkExpired
    user = db.session.get(User, link.user_id) if link.user_id else None
    if user is not None and not _holds(link, user, now):
        raise OneTimeLinkExpired
    return link, user


def _holds(link: OneTimeLink, user: User, now: datetime) -> bool:
    """Return True unless what happened to the account since then has ended the link."""
    if link.purpose in LOCKING:
        return user.disabled_at is None
    return user.is_open(now) and user.security_stamp == link.security_stamp


def made_at(link: OneTimeLink) -> datetime:
    """Return when a link of a usual lifetime was made; of one after a reset, when its request was."""
    return link.expires_at - LIFETIME[Purpose(link.purpose)]


def consume(link: OneTimeLink) -> None:
    """Use up a link. Of several concurrent requests exactly one succeeds. Raises OneTimeLinkExpired."""
    if rows_changed(delete(OneTimeLink).where(OneTimeLink.id == link.id)) != 1:
        raise OneTimeLinkExpired
