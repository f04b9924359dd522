"""Row locks: which changes run one after the other, on SQLite and PostgreSQL alike."""

from sqlalchemy import update

from mfa_app.extensions import db
from mfa_app.models import SitePolicy, User


def lock_user(user: User) -> None:
    """Lock this user's row until the commit, so that granting and revoking access never interleave.

    Call this before the first write. `revoke_access` takes the same lock, so two requests can't deadlock.
    """
    db.session.execute(update(User).where(User.id == user.id).values(security_stamp=User.security_stamp))


def lock_and_reload(user: User) -> None:
    """Lock this user's row and read it again, for checks on what a concurrent request may have changed."""
    lock_user(user)
    db.session.refresh(user)


def lock_administration() -> None:
    """Lock administration until the commit, so that checks on accounts and rules stay true."""
    db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))
