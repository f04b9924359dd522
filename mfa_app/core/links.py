"""Single-use links: who gets one, how long it works, and the one moment at which it is used up."""

import enum
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mfa_app.core.clock import is_fresh
from mfa_app.core.errors import LinkExpired
from mfa_app.core.secrets import digest, new_token
from mfa_app.extensions import db
from mfa_app.models import Link, User


class Purpose(enum.StrEnum):
    """What a link is for; one is never taken for another."""

    SETUP = "setup"
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"


LIFETIME = {
    Purpose.SETUP: timedelta(hours=24),
    Purpose.INVITATION: timedelta(hours=72),
    Purpose.PASSWORD_RESET: timedelta(minutes=60),
}


def make(purpose: Purpose, user: User | None, *, now: datetime) -> str:
    """Return the token of a new link; the person's earlier links for this purpose stop working."""
    owner = Link.user_id.is_(None) if user is None else Link.user_id == user.id
    db.session.execute(delete(Link).where(Link.purpose == purpose, owner))
    token = new_token()
    db.session.add(
        Link(
            purpose=purpose,
            digest=digest(token),
            user_id=user.id if user else None,
            stamp=user.stamp if user else 0,
            expires_at=now + LIFETIME[purpose],
        )
    )
    return token


def find(token: str, *purposes: Purpose, now: datetime) -> tuple[Link, User | None]:
    """Return the link behind a token and the person whom it is for. Raises LinkExpired; uses nothing up."""
    link = db.session.scalar(select(Link).where(Link.digest == digest(token)))
    if link is None or link.purpose not in purposes:
        raise LinkExpired
    lifetime = LIFETIME[Purpose(link.purpose)]
    if not is_fresh(link.expires_at - lifetime, lifetime, now=now):  # nor after the clock was set back
        raise LinkExpired
    user = db.session.get(User, link.user_id) if link.user_id else None
    if user is not None and (user.stamp != link.stamp or not user.is_active):
        raise LinkExpired
    return link, user


def use_up(link: Link) -> None:
    """Use a link up; of several requests at once exactly one gets past this. Raises LinkExpired."""
    if db.session.execute(delete(Link).where(Link.id == link.id)).rowcount != 1:
        raise LinkExpired
