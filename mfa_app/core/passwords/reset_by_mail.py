"""Choosing a password through a mailed link."""

from datetime import datetime

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import lock_user
from mfa_app.core.mail import one_time_links
from mfa_app.core.passwords import change
from mfa_app.core.throttling import counters, limits
from mfa_app.models import OneTimeLink, User


def choose_password(link: OneTimeLink, user: User, password: str, *, actor: Actor, now: datetime) -> int:
    """Set the password through a mailed link and use the link up. This logs nobody in.

    The link proves ownership of the address, so it also unlocks an account locked by guessing, in every
    browser. Return the new security stamp. Raises OneTimeLinkExpired, UnacceptablePassword, HashingQueueFull,
    Throttled.
    """
    hashed = change.hash_own(user, password, now=now)
    lock_user(user)
    one_time_links.consume(link)
    counters.clear(limits.PASSWORD_UNKNOWN_BROWSER, user.id)
    counters.clear(limits.PASSWORD_KNOWN_BROWSER, user.id)
    return change.store_password(user, hashed, way="mailed link", except_session=None, actor=actor, now=now)
