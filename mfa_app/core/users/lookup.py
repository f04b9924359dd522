"""Finding users by the email addresses that someone typed."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select

from mfa_app.core.common import email_addresses
from mfa_app.extensions import db
from mfa_app.models import User


def find_by_email(email: str) -> User | None:
    """Return the user with this email address in any spelling, or None."""
    return db.session.scalar(select(User).where(User.email_key == email_addresses.key_of(email)))


def find_all_by_email(emails: Iterable[str]) -> dict[str, User]:
    """Return the users with these email addresses in any spelling, each under the address as it was given."""
    keys = {email: email_addresses.key_of(email) for email in emails}
    found = db.session.scalars(select(User).where(User.email_key.in_(set(keys.values()))))
    users = {user.email_key: user for user in found}
    return {email: users[key] for email, key in keys.items() if key in users}


def id_by_email(email: str, *where: ColumnElement[bool]) -> int | None:
    """Return the id of the user with this address, in any spelling, who matches these conditions."""
    return db.session.scalar(select(User.id).where(User.email_key == email_addresses.key_of(email), *where))
