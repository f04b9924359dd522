"""What is deleted, and when: expired rows that nothing refers to any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from mfa_app.core.throttling import counters
from mfa_app.extensions import db
from mfa_app.models import AuthSession, OneTimeLink, OutboxMail, PendingEnrolment, RememberedDevice, Throttle

SENT_MAILS_KEPT = timedelta(days=30)


def purge_expired(*, now: datetime) -> None:
    """Delete expired sessions, devices, links, QR codes and counters, and mail sent 30 days ago; commit.

    The audit trail is never touched.
    """
    for model in (AuthSession, RememberedDevice, OneTimeLink, PendingEnrolment):
        db.session.execute(delete(model).where(model.expires_at <= now))
    db.session.execute(delete(Throttle).where(Throttle.forget_at <= now))
    counters.evict_oldest()
    db.session.execute(delete(OutboxMail).where(OutboxMail.sent_at <= now - SENT_MAILS_KEPT))
    db.session.commit()
