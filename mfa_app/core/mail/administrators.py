"""Whom an email reaches that goes to every administrator, such as an alarm."""

from sqlalchemy import select

from mfa_app.extensions import db
from mfa_app.models import Role, User


def enabled() -> list[User]:
    """Return the administrators whose accounts are enabled, even if they have locked them themselves."""
    of_the_site = User.role == Role.ADMIN, User.disabled_at.is_(None)
    return list(db.session.scalars(select(User).where(*of_the_site).order_by(User.id)))
