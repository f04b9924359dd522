"""What is deleted, and when: expired rows that nothing refers to any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from mfa_app.core.throttling import counters
from mfa_app.extensions import db
from mfa_app.models import AuthSession, OneTimeLink, OutboxMail, PendingEnrolment, RememberedDevice, Throttle

SENT_MAILS_KEPT = timedelta(days=30)


def purge_expired(*, now: datetime) -> int:
    """Delete expired sessions, devices, links, QR codes and counters, and mail sent 30 days ago; commit.

    Return how many rows had expired. The audit trail is never touched.
    """
    count = 0
    for model in (AuthSession, RememberedDevice, OneTimeLink, PendingEnrolment):
        count += db.session.execute(delete(model).where(model.expires_at <= now)).rowcount
    count += db.session.execute(delete(Throttle).where(Throttle.forget_at <= now)).rowcount
    counters.evict_oldest()
    count += db.session.execute(
        delete(OutboxMail).where(OutboxMail.sent_at <= now - SENT_MAILS_KEPT)
    ).rowcount
    db.session.commit()
    return count
