"""A password attempt: counted before it is checked, then cleared, recorded as refused, or undone."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import HashingQueueFull, WrongCredentials, WrongPassword
from mfa_app.core.common.locks import lock_user
from mfa_app.core.passwords import hashing
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.counters import Charge
from mfa_app.models import User


def check_at_login(
    user: User | None,
    password: str,
    *,
    email_digest: str,
    browser_id: str | None,
    actor: Actor,
    now: datetime,
) -> User:
    """Check a password at login, and that the account is enabled. Return the user, whose row stays locked.

    `browser_id` is the id of a browser known to the user, else None. `email_digest` is the keyed digest under
    which an unknown address is counted. Raises WrongCredentials, Throttled, PasswordLocked,
    HashingQueueFull.
    """
    charges: list[Charge] = []
    with hashing.admission():
        if user is not None and browser_id is not None:
            charges.append(counters.charge(limits.PASSWORD_KNOWN_BROWSER, f"{user.id}:{browser_id}", now=now))
        else:
            # An attacker inside an office must not block its other users, so known browsers don't count here.
            charges.append(
                counters.charge(limits.PASSWORD_NETWORK, limits.network_of(actor.ip_address), now=now)
            )
            charges.append(_charge_unknown_browser(user, email_digest, now))
        fits = _matches(user, password, *charges)
    if user is None or not fits or not user.is_active:
        reason = "unknown address" if user is None else "account disabled" if fits else "wrong password"
        _record_failure(user, charges[-1], reason, actor)
        raise WrongCredentials
    lock_user(user)
    for charged in charges:
        counters.reset_after_success(charged)
    return user


def check_own_password(user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Check the current password of a user who is logged in. On success the user's row stays locked.

    Raises WrongPassword, Throttled, PasswordLocked, HashingQueueFull.
    """
    with hashing.admission():
        charged = counters.charge(limits.PASSWORD_KNOWN_BROWSER, f"{user.id}:session", now=now)
        fits = _matches(user, password, charged)
    if not fits:
        _record_failure(user, charged, "wrong password", actor)
        raise WrongPassword
    lock_user(user)
    counters.reset_after_success(charged)


def _record_failure(user: User | None, charged: Charge, reason: str, actor: Actor) -> None:
    """Record the refusal and, if the limit allows no further attempt, that the password is locked."""
    failures = charged.failures
    record(Event.PASSWORD_REFUSED, actor=actor, subject=user, reason=reason, failures=failures)
    if user is not None and failures == charged.limit.lockout_after:
        to = "known browser" if charged.limit is limits.PASSWORD_KNOWN_BROWSER else "unknown browsers"
        record(Event.PASSWORD_CLOSED, actor=actor, subject=user, to=to, failures=failures)


def _charge_unknown_browser(user: User | None, email_digest: str, now: datetime) -> Charge:
    if user is None:
        return counters.charge(limits.PASSWORD_UNKNOWN_USER, email_digest, now=now)
    return counters.charge(limits.PASSWORD_UNKNOWN_BROWSER, user.id, now=now)


def _matches(user: User | None, password: str, *charges: Charge) -> bool:
    """Return True if the password is right. Raises HashingQueueFull after undoing the charges."""
    try:
        return hashing.verify(user.password_hash if user else None, password)
    except HashingQueueFull:
        counters.undo(*charges)
        raise
