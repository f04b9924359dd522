"""Passwords by mail: asking for a reset link, and choosing a password with it."""

from datetime import datetime

from sqlalchemy import select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import Throttled
from mfa_app.core.common.locks import lock_user
from mfa_app.core.mail import one_time_links, outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.passwords import change
from mfa_app.core.throttling import counters, limits, networks
from mfa_app.extensions import db
from mfa_app.models import OneTimeLink, User


def request_reset(email: str, *, hmac_key: str, actor: Actor, now: datetime) -> None:
    """Mail a link for a new password if this account is enabled. The requester can't tell whether it exists.

    Known and unknown addresses cost the same number of commits, and each gets at most three mails an hour.
    Only a known one adds a row to the trail, or attackers could fill the disk with made-up addresses. Raises
    InvalidEmail for what can't be an address, and Throttled for a network that asks too often.
    """
    key = email_addresses.parse(email).key
    networks.charge(limits.RESET_REQUESTS, actor.ip_address, now=now)
    user = db.session.scalar(select(User).where(User.email_key == key))
    try:
        counters.charge(limits.MAIL_TO_USER, email_addresses.keyed_digest(key, hmac_key), now=now)
    except Throttled:
        return
    if user is None:
        counters.charge(limits.TIMING_DECOY, "all", now=now)
        return
    record(Event.PASSWORD_RESET_REQUESTED, actor=actor, subject=user)
    if user.is_active:
        token = one_time_links.create(Purpose.PASSWORD_RESET, user, now=now)
        minutes = int(LIFETIME[Purpose.PASSWORD_RESET].total_seconds() // 60)
        outbox.enqueue(outbox.Mail.PASSWORD_RESET, user, now=now, token=token, minutes=minutes)


def choose_password(link: OneTimeLink, user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Set the password through a mailed link and use the link up. This logs nobody in.

    The link proves ownership of the address, so it also unlocks an account locked by guessing, in every
    browser. Raises OneTimeLinkExpired, UnacceptablePassword, HashingQueueFull, Throttled.
    """
    hashed = change.hash_own(user, password, now=now)
    lock_user(user)
    one_time_links.consume(link)
    counters.clear(limits.PASSWORD_UNKNOWN_BROWSER, user.id)
    counters.clear(limits.PASSWORD_KNOWN_BROWSER, user.id)
    change.store_password(user, hashed, way="mailed link", except_session=None, actor=actor, now=now)
