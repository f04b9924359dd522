"""Finding one user by the email address that someone typed."""

from sqlalchemy import select

from mfa_app.core.common import email_addresses
from mfa_app.extensions import db
from mfa_app.models import User


def find_by_email(email: str) -> User | None:
    """Return the user with this email address in any spelling, or None."""
    return db.session.scalar(select(User).where(User.email_key == email_addresses.key_of(email)))


def id_by_email(email: str) -> int | None:
    """Return the id of the user with this address, in any spelling."""
    return db.session.scalar(select(User.id).where(User.email_key == email_addresses.key_of(email)))
