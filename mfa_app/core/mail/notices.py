"""Notices: who has already been told what, so that a mail of a job is sent once, whoever runs the job."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import literal, select

from mfa_app.core.mail import outbox
from mfa_app.extensions import db
from mfa_app.models import Notice, User
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.database import dialect_insert


def first_time(user_ids: Iterable[int], kind: str, about: str, *, now: datetime) -> set[int]:
    """Note that these users are told something, and return the ids of those who had not been told yet.

    Queue the mail in the same transaction: then both happen, or neither. `kind` names the mail (40
    characters at most), `about` is what is said once (80): a day, or a rule and its date. At most some
    thousand users at a time. Another transaction that tells the same users is waited for.
    """
    ids = set(user_ids)
    told_before = select(Notice.user_id).where(Notice.kind == kind, Notice.about == about)
    ids -= set(db.session.scalars(told_before.where(Notice.user_id.in_(ids))))
    if not ids:
        return ids  # a job that runs each minute takes no lock to find nobody
    row = User.id, literal(kind), literal(about), literal(now, UtcDateTime())
    told = select(*row).where(User.id.in_(ids))
    in_one_order = told.order_by(User.id)  # so that two transactions can't wait for each other
    insert = dialect_insert(Notice).from_select(["user_id", "kind", "about", "sent_at"], in_one_order)
    return set(db.session.scalars(insert.on_conflict_do_nothing().returning(Notice.user_id)))


def mail_once(
    mail: outbox.Mail, users: Sequence[User], about: str, /, *, now: datetime, **more: object
) -> int:
    """Queue a mail to those of these users who have not had it about this; return how many that were.

    `about` is as for `first_time`, and `more` is the context of the mail.
    """
    new = first_time([user.id for user in users], mail, about, now=now)
    for user in users:
        if user.id in new:
            outbox.enqueue(mail, user, now=now, to=None, **more)
    return len(new)
