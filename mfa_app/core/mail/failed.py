"""Emails that could not be sent: which, to whom, what the mail server answers, and trying them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import scope
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.page_keys import all_pages, key_of, read_text_key
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail import outbox
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, User
from mfa_app.models.database import rows_changed

PAGE = 50

_FAILED = OutboxMail.sent_at.is_(None), OutboxMail.last_error.is_not(None)
_FOR_GOOD = OutboxMail.next_attempt_at.is_(None)


@dataclass(frozen=True)
class FailedMail:
    """An email that could not be sent. `next_attempt_at` is None if the site tries it no more.

    `user_id` and `name` are those of the user it is to; None and empty if that is not known.
    """

    id: str
    mail: str
    to: str
    user_id: int | None
    name: str
    answer: str
    created_at: datetime
    next_attempt_at: datetime | None


@dataclass(frozen=True)
class Page:
    """Emails, the newest first, and the key of the next page, or None."""

    mails: tuple[FailedMail, ...] = ()
    after: str | None = None


def page(*, actor: Actor, after: str | None = None) -> Page:
    """Return 50 emails to users whom the actor sees, by one SELECT. `after` is the key of the page before.

    A key that is none leads to the first page.
    """
    found = _seen(actor).order_by(OutboxMail.created_at.desc(), OutboxMail.id.desc())
    if (last := read_text_key(after)) is not None:
        at, mail_id = last
        earlier = or_(OutboxMail.created_at < at, OutboxMail.id < mail_id)
        found = found.where(OutboxMail.created_at <= at, earlier)
    rows = db.session.execute(found.limit(PAGE + 1)).all()
    mails = tuple(_failed(row.OutboxMail, row.User) for row in rows[:PAGE])
    last_shown = mails[-1] if len(rows) > PAGE else None
    return Page(mails, key_of(last_shown.created_at, last_shown.id) if last_shown else None)


def every(*, actor: Actor) -> Iterator[FailedMail]:
    """Yield all of them, a page at a time."""
    for found in all_pages(lambda key: page(actor=actor, after=key)):
        yield from found.mails


def find(mail_id: str, *, actor: Actor) -> FailedMail | None:
    """Return one of them, or None if there is none that the actor sees."""
    row = db.session.execute(_seen(actor).where(OutboxMail.id == mail_id)).one_or_none()
    return _failed(row.OutboxMail, row.User) if row else None


def try_again(mail: FailedMail, *, actor: Actor, now: datetime) -> bool:
    """Let the site try an email again now. Return False if it has left or is gone meanwhile.

    Who manages the site may do it for everyone, themselves too. Raises NotAllowed, SessionEnded, OutOfScope.
    """
    user = db.session.get(User, mail.user_id) if mail.user_id is not None else None
    if user is None or actor.may(Permission.MANAGE_SITE):
        begin_change(actor, Permission.MANAGE_SITE)
    else:
        begin_change(actor, Permission.INVITE_AGAIN, user)
    waiting = _FAILED[0], OutboxMail.id == mail.id, or_(_FOR_GOOD, OutboxMail.next_attempt_at > now)
    if not rows_changed(update(OutboxMail).where(*waiting).values(next_attempt_at=now)):
        return False
    record(Event.MAILS_TRIED_AGAIN, actor=actor, subject=user, count=1, mail=mail.mail)
    outbox.let_leave(mail.id)
    return True


def try_all_again(*, actor: Actor, now: datetime) -> int:
    """Do the same for all that the site tries no more. Return how many there are.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_SITE)
    tried = update(OutboxMail).where(*_FAILED, _FOR_GOOD).values(next_attempt_at=now)
    mail_ids = db.session.scalars(tried.returning(OutboxMail.id)).all()
    if mail_ids:
        record(Event.MAILS_TRIED_AGAIN, actor=actor, count=len(mail_ids), mail="")
        outbox.let_leave(*mail_ids)
    return len(mail_ids)


def _seen(actor: Actor) -> Select[OutboxMail, User]:
    """Return the SELECT of the emails that an actor sees: administrators also those to nobody known."""
    found = select(OutboxMail, User).outerjoin(User, User.id == OutboxMail.user_id).where(*_FAILED)
    if actor.may(Permission.MANAGE_SITE):
        return found
    return found.where(*scope.visible_to(actor))


def _failed(mail: OutboxMail, user: User | None) -> FailedMail:
    return FailedMail(
        id=mail.id,
        mail=mail.template,
        to=mail.to,
        user_id=user.id if user else None,
        name=user.name if user else "",
        answer=mail.last_error or "",
        created_at=mail.created_at,
        next_attempt_at=mail.next_attempt_at,
    )
