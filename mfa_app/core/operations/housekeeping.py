"""What is deleted, and when: the rows that each table's fate lets expire."""

from datetime import datetime

from sqlalchemy import delete

from mfa_app.core.throttling import counters
from mfa_app.extensions import db
from mfa_app.models import TABLES
from mfa_app.models.database import rows_changed

EXPIRING = tuple(model for model in TABLES if model.fate.expires)


def purge_expired(*, now: datetime) -> int:
    """Delete expired sessions, devices, links, QR codes and counters, and mail sent 30 days ago; commit.

    Return how many rows had expired. The audit trail is never touched.
    """
    count = 0
    for model in EXPIRING:
        over = getattr(model, str(model.fate.expires)) <= now - model.fate.kept_for
        count += rows_changed(delete(model).where(over))
    counters.evict_oldest()
    db.session.commit()
    return count
