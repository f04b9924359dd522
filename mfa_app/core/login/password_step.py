"""The first gate: email address and password start a session."""

from datetime import datetime

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.browsers.known_browsers import BrowserFacts, known_browser_id, remembered_device_of
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.locks import lock_user, lock_user_who_logs_in
from mfa_app.core.login.new_logins import tell_of_login
from mfa_app.core.mail import one_time_links
from mfa_app.core.passwords import attempts
from mfa_app.core.policy import subject_facts
from mfa_app.core.policy.decision import Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.core.sessions import ended_access, sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.core.throttling import counters
from mfa_app.models import OneTimeLink
from mfa_app.models.row_facts import DeviceFacts, UserFacts


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
    PasswordLocked, HashingQueueFull; after the right password AccountLocked, AccountClosed,
    OneTimeLinkExpired.
    """
    key = email_addresses.key_of(email)
    subject = subject_facts.find_by_email(key)
    found = subject.user if subject else None
    browser_id = known_browser_id(found, browser) if found else None
    checked = attempts.check_at_login(
        found,
        password,
        email_digest=email_addresses.keyed_digest(key, hmac_key),
        browser_id=browser_id,
        actor=actor,
        now=now,
    )
    user = checked.user
    actor, device = as_user(actor, user), remembered_device_of(user, browser, now)
    from_link = link is not None and link.user_id == user.id
    verdict = _verdict(subject, device, from_link, now)
    if verdict is not Verdict.CHALLENGE or from_link or replaces is not None:
        lock_user(user)
        verdict = _verdict(_unrevoked(user, now), device, from_link, now)
    counters.reset_after_success(*checked.charges, own_failures=own_failures)
    if link is not None and from_link:
        one_time_links.consume(link)
    if replaces is not None:
        sessions.end_because(replaces, EndReason.LOGGED_IN_AGAIN, actor=actor)
    token, session = sessions.start(
        user,
        actor=actor,
        now=now,
        device_id=device.id if device else None,
        from_link=from_link,
        challenged=verdict is Verdict.CHALLENGE,
    )
    record(Event.PASSWORD_ACCEPTED, actor=actor, subject=user)
    if verdict is Verdict.ALLOW:
        _complete(user, device, actor=actor, now=now)
        tell_of_login(user, known=browser_id is not None or device is not None, actor=actor, now=now)
    renewed = found is not None and found.password_hash != user.password_hash
    known_again = browser_id is not None and renewed
    ended = ended_access.to_tell(user, browser)
    return SignedIn(token, session, user, verdict=verdict, known_again=known_again, ended=ended)


def _unrevoked(user: UserFacts, now: datetime) -> SubjectFacts | None:
    """Read the user, who is locked, again. Return None if access has been revoked since the last time."""
    subject = subject_facts.find_by_id(user.id)
    if subject is None or not subject.user.is_open(now):
        return None
    return subject if subject.user.security_stamp == user.security_stamp else None


def _verdict(
    subject: SubjectFacts | None, device: DeviceFacts | None, from_link: bool, now: datetime
) -> Verdict | None:
    """Return what a session that begins now opens. None: it is invalid from the start."""
    if subject is None:
        return None
    since = device.created_at if device else None
    return decide(
        subject.facts, shown=Level.PASSWORD, from_link=from_link, trusted_since=since, now=now
    ).verdict


def _complete(user: UserFacts, device: DeviceFacts | None, *, actor: Actor, now: datetime) -> None:
    """Complete the login of a user whose password is enough, on this device if it is remembered."""
    if device is not None:
        remembered_devices.note_use(device, now=now)
    lock_user_who_logs_in(user, second_factor=device is not None, now=now)
    method = "remembered device" if device else "password"
    record(Event.LOGIN_COMPLETED, actor=actor, subject=user, method=method)
