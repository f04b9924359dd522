"""The second gate: an answer of a second factor completes the login."""

from datetime import datetime
from functools import partial

from mfa_app.core.audit.events import AnsweredFor, Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.browsers.known_browsers import BrowserFacts, known_browser_id, remembered_device_of
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import (
    AuthenticatorLocked,
    PasskeyRefused,
    PasskeyRequired,
    RefusedAnswer,
    SessionEnded,
    UsedCode,
    WrongCode,
)
from mfa_app.core.common.locks import lock_user, lock_user_who_logs_in
from mfa_app.core.factors import diagnosis, registry
from mfa_app.core.factors.registry import Accepted, Reading, factors
from mfa_app.core.login.new_logins import tell_of_login
from mfa_app.core.mail import outbox
from mfa_app.core.policy.levels import level_of
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.counters import Charge
from mfa_app.extensions import db
from mfa_app.models.row_facts import DeviceFacts, SessionFacts, UserFacts

WARN_AFTER = 3  # wrong codes after a correct password: somebody else may know the password


def answer_challenge(
    identity: Identity, code: str, *, remember: bool, browser: BrowserFacts, actor: Actor, now: datetime
) -> SignedIn:
    """Check the code, burn its time step, and continue under a new token; remember the device if asked to.

    Raises NotACode, PasskeyRequired, WrongCode, ExplainedCode, UsedCode, PasskeyRefused, Throttled,
    AuthenticatorLocked, SessionEnded.
    """
    remembered = browser if remember and identity.decision.remember_days > 0 else None
    signed_in = check_code(
        identity, code, purpose=AnsweredFor.LOGIN, remembered=remembered, actor=actor, now=now
    )
    if not signed_in.recovered:  # of that its own mail has told
        known, device = known_browser_id(identity.user, browser), signed_in.device
        tell_of_login(
            identity.user,
            known=known is not None,
            device=device[1] if device else None,
            actor=actor,
            now=now,
        )
    return signed_in


def check_code(
    identity: Identity,
    code: str,
    *,
    purpose: AnsweredFor,
    remembered: BrowserFacts | None = None,
    actor: Actor,
    now: datetime,
) -> SignedIn:
    """Charge the limit, check the code, burn it, clear the counter, and put the session under a new token.

    This is the only way to check a code. What can't be a code, or doesn't count, is neither charged nor
    checked. `remembered` is the browser that skips the code from now on. Raises NotACode, PasskeyRequired,
    WrongCode, ExplainedCode, UsedCode, PasskeyRefused, Throttled, AuthenticatorLocked, SessionEnded.
    """
    user = identity.user
    if user.factors_locked_at or not identity.subject.facts.linked:
        raise AuthenticatorLocked
    reading = factors().read(code)
    _require_level(identity, reading)
    charged = counters.charge(limits.CODE, user.id, now=now, flush=False)
    try:
        accepted = _verify(identity, reading, purpose, now)
    except (WrongCode, UsedCode, PasskeyRefused) as refusal:
        _record_failure(identity, refusal, charged, purpose=purpose, actor=actor)
        reading.factor.note(refusal)
        react_to_failures(user, charged.failures, actor, now)
        raise
    counters.reset_after_success(charged)
    factor = accepted.factor
    record(Event.CODE_ACCEPTED, actor=actor, subject=user, purpose=purpose, factor=factor.name)
    if purpose is AnsweredFor.LOGIN:
        record(Event.LOGIN_COMPLETED, actor=actor, subject=user, method=factor.name)
    factor.tell(user, actor=actor, now=now)
    device = _remember(identity, remembered, actor, now) if remembered and not factor.recovers else None
    token, session = _elevate(identity, accepted, device, actor, now)
    return SignedIn(token, session, user, device, wrong_codes=charged.failures - 1, recovered=factor.recovers)


def _require_level(identity: Identity, reading: Reading) -> None:
    """Raise PasskeyRequired for an answer that could not open the second gate, though a passkey could."""
    has_passkey, reached = identity.subject.facts.passkey, level_of(reading.factor.amr)
    if has_passkey and reached < identity.decision.level:
        raise PasskeyRequired


def _verify(identity: Identity, reading: Reading, purpose: AnsweredFor, now: datetime) -> Accepted:
    """Check the answer and burn it with the user locked.

    Rolls back before it raises UsedCode, PasskeyRefused or AuthenticatorLocked; the attempt stays counted.
    """
    user = identity.user
    lock = (
        partial(lock_user_who_logs_in, user, now=now)
        if purpose is AnsweredFor.LOGIN
        else partial(lock_user, user)
    )
    try:
        return factors().verify(identity.subject, reading, session_id=identity.session.id, lock=lock, now=now)
    except (UsedCode, PasskeyRefused, AuthenticatorLocked):
        db.session.rollback()
        raise


def _elevate(
    identity: Identity,
    accepted: Accepted,
    device: tuple[str, DeviceFacts] | None,
    actor: Actor,
    now: datetime,
) -> tuple[str, SessionFacts]:
    """Put the session under a new token.

    Raises SessionEnded if it has ended meanwhile, after a rollback: the code is not used up, and the attempt
    stays counted.
    """
    device_id = device[1].id if device else None
    try:
        return sessions.elevate(
            identity.session, actor=actor, now=now, methods=accepted.amr, device_id=device_id
        )
    except SessionEnded:
        db.session.rollback()
        raise


def _remember(
    identity: Identity, browser: BrowserFacts, actor: Actor, now: datetime
) -> tuple[str, DeviceFacts]:
    user, days = identity.user, identity.decision.remember_days
    before = remembered_device_of(user, browser, now)
    return remembered_devices.remember(user, days=days, actor=actor, now=now, replaces=before)


def _record_failure(
    identity: Identity, refusal: RefusedAnswer, charged: Charge, *, purpose: AnsweredFor, actor: Actor
) -> None:
    """Record a refused code. Raises SessionEnded if a concurrent request has ended the session."""
    lock_user(identity.user)
    sessions.require(identity.session)
    record(
        Event.CODE_REFUSED,
        actor=actor,
        subject=identity.user,
        purpose=purpose,
        failures=charged.failures,
        **diagnosis.on_trail(refusal),
    )


def react_to_failures(user: UserFacts, failures: int, actor: Actor, now: datetime) -> None:
    """Warn a user after three wrong codes in a row, and lock all second factors after the last allowed."""
    if failures == WARN_AFTER:
        outbox.notify(outbox.Mail.WRONG_CODES, user, actor=actor, now=now)
    if failures == limits.CODE.lockout_after:
        registry.lock(user, now=now)
        record(Event.AUTHENTICATOR_STOPPED, actor=actor, subject=user, failures=failures)
        outbox.notify(outbox.Mail.STOPPED, user, actor=actor, now=now)
