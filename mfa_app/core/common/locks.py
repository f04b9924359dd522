"""Row locks: which changes run one after the other, on SQLite and PostgreSQL alike."""

from sqlalchemy import update

from mfa_app.extensions import db
from mfa_app.models import SitePolicy, User


def lock_user(user: User) -> None:
    """Let what gives a person access and what ends it run one after the other, until the commit.

    Take this before the first write: revoke_access holds the same row, so of two of them one waits for the
    other, and never each for the other.
    """
    db.session.execute(update(User).where(User.id == user.id).values(security_stamp=User.security_stamp))


def lock_administration() -> None:
    """Let changes to accounts and rules run one after the other: their checks hold until the commit."""
    db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))
