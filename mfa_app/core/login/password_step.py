"""The first gate: email address and password start a session."""

from datetime import datetime

from sqlalchemy import select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.browsers.known_browsers import BrowserFacts, known_browser_id, remembered_device_of
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.mail import one_time_links
from mfa_app.core.passwords import attempts
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.extensions import db
from mfa_app.models import OneTimeLink, User


def sign_in(
    email: str,
    password: str,
    *,
    browser: BrowserFacts,
    hmac_key: str,
    actor: Actor,
    now: datetime,
    own_failures: int = 0,
    replaces: Identity | None = None,
    link: OneTimeLink | None = None,
) -> SignedIn:
    """Check email address and password, and start a session with the method "pwd".

    `own_failures` is how many wrong passwords the browser has given for this address just before.
    `replaces` is the browser's previous session, which ends. `link` is this user's enrolment link, which is
    used up, so that a first app may be linked in the session. `hmac_key` is the HMAC key under which unknown
    addresses are counted. Raises, for unknown and known addresses alike, WrongCredentials, Throttled,
    PasswordLocked, HashingQueueFull; and OneTimeLinkExpired.
    """
    key = email_addresses.key_of(email)
    found = db.session.scalar(select(User).where(User.email_key == key))
    security_stamp = found.security_stamp if found else 0
    user = attempts.check_at_login(
        found,
        password,
        email_digest=email_addresses.keyed_digest(key, hmac_key),
        browser_id=known_browser_id(found, browser) if found else None,
        own_failures=own_failures,
        actor=actor,
        now=now,
    )
    from_link = link is not None and link.user_id == user.id
    if link is not None and from_link:
        one_time_links.consume(link)
    device = remembered_device_of(user, browser, now)
    actor = as_user(actor, user)
    if replaces is not None:
        sessions.end_because(replaces, "logged in again", actor=actor)
    token, session = sessions.start(
        user, actor=actor, now=now, device=device, security_stamp=security_stamp, from_link=from_link
    )
    record(Event.PASSWORD_ACCEPTED, actor=actor, subject=user)
    signed_in_fully = _finish_if_through(token, actor=actor, now=now)
    return SignedIn(token, session, user, signed_in_fully=signed_in_fully)


def _finish_if_through(token: str, *, actor: Actor, now: datetime) -> bool:
    """Complete the login if the password is enough, else start the ten minutes for the code.

    Return True if the login is complete.
    """
    identity = sessions.find(token, now=now)
    if identity is None:
        return False
    if identity.decision.verdict is Verdict.CHALLENGE:
        sessions.mark_challenged(identity.session, now=now)
    if identity.decision.verdict is not Verdict.ALLOW:
        return False
    if identity.device is not None:
        remembered_devices.note_use(identity.device, now=now)
    identity.user.last_login_at = now
    method = "remembered device" if identity.device else "password"
    record(Event.LOGIN_COMPLETED, actor=actor, subject=identity.user, method=method)
    return True
