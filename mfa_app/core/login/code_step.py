"""The second gate: a code of the user's authenticator completes the login."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.browsers.known_browsers import BrowserFacts, remembered_device_of
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AuthenticatorLocked, UsedCode, WrongCode
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import totp, verification
from mfa_app.core.mail import outbox
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.models import Authenticator, User

WARN_AFTER = 3  # wrong codes after a correct password: somebody else may know the password


def answer_challenge(
    identity: Identity, code: str, *, remember: bool, browser: BrowserFacts, actor: Actor, now: datetime
) -> SignedIn:
    """Check the code, burn its time step, and continue under a new token; remember the device if asked to.

    Raises NotACode, WrongCode, UsedCode, Throttled, AuthenticatorLocked, SessionEnded.
    """
    user, days = identity.user, identity.decision.remember_days
    wrong_codes = check_code(identity, code, purpose="login", actor=actor, now=now)
    token, session = sessions.elevate(identity.session, actor=actor, now=now, code=True)
    record(Event.LOGIN_COMPLETED, actor=actor, subject=user, method="code")
    user.last_login_at = now
    device = None
    if remember and days > 0:
        before = remembered_device_of(user, browser, now)
        secret, row = remembered_devices.remember(user, days=days, actor=actor, now=now, replaces=before)
        session.device_id, device = row.id, (secret, row)
    return SignedIn(token, session, user, device, wrong_codes=wrong_codes)


def check_code(identity: Identity, code: str, *, purpose: str, actor: Actor, now: datetime) -> int:
    """Charge the limit, check the code, burn it, then clear the counter: the only way to check a code.

    What can't be a code is neither charged nor checked. Return how many wrong codes in a row came before it.
    Raises NotACode, WrongCode, UsedCode, Throttled, AuthenticatorLocked, SessionEnded.
    """
    user, authenticator = identity.user, identity.subject.authenticator
    if authenticator is None or authenticator.locked_at:
        raise AuthenticatorLocked
    digits = totp.digits_of(code)
    charged = counters.charge(limits.CODE, user.id, now=now)
    lock_user(user)
    sessions.require(identity.session)
    try:
        verification.accept(authenticator, digits, now=now)
    except (WrongCode, UsedCode) as refusal:
        reason = "used" if isinstance(refusal, UsedCode) else "wrong"
        record(
            Event.CODE_REFUSED,
            actor=actor,
            subject=user,
            purpose=purpose,
            reason=reason,
            failures=charged.failures,
        )
        _react_to_failures(user, authenticator, charged.failures, actor, now)
        raise
    counters.reset_after_success(charged)
    record(Event.CODE_ACCEPTED, actor=actor, subject=user, purpose=purpose)
    return charged.failures - 1


def _react_to_failures(
    user: User, authenticator: Authenticator, failures: int, actor: Actor, now: datetime
) -> None:
    if failures == WARN_AFTER:
        _enqueue(outbox.Mail.WRONG_CODES, user, actor, now)
    if failures == limits.CODE.lockout_after:
        verification.lock(authenticator, now=now)
        record(Event.AUTHENTICATOR_STOPPED, actor=actor, subject=user, failures=failures)
        _enqueue(outbox.Mail.STOPPED, user, actor, now)


def _enqueue(mail: outbox.Mail, user: User, actor: Actor, now: datetime) -> None:
    outbox.enqueue(mail, user, now=now, place=actor.ip_address, user_agent=actor.user_agent)
