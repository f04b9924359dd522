"""A password attempt: counted before it is checked, then cleared, recorded as refused, or undone.

Hashing takes long, so it comes before the first write: on SQLite that takes the lock that all writers share.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import (
    AccountClosed,
    AccountLocked,
    HashingQueueFull,
    Refusal,
    WrongCredentials,
    WrongPassword,
)
from mfa_app.core.passwords import hashing
from mfa_app.core.throttling import counters, limits, networks
from mfa_app.core.throttling.counters import Charge
from mfa_app.core.throttling.limits import Limit
from mfa_app.extensions import db
from mfa_app.models import User
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import AnyUser, UserFacts

LOCKED, DISABLED, ENDED = "account locked", "account disabled", "account ended"

TOLD = frozenset({LOCKED, DISABLED, ENDED})  # and only after the right password


@dataclass(frozen=True)
class Checked:
    """A right password of an enabled account. The caller resets the charges, after any lock on the user."""

    user: UserFacts
    charges: list[Charge]


def check_at_login(
    user: UserFacts | None,
    password: str,
    *,
    email_digest: str,
    browser_id: str | None,
    actor: Actor,
    now: datetime,
) -> Checked:
    """Check a password at login, and that the account is enabled; if it is right, leave the charges.

    If the cost of hashes has changed since the password was hashed, it is hashed again. Nothing is locked:
    what the caller starts under the security stamp of `user` is invalid if access has been revoked meanwhile.

    `browser_id` is the id of a browser known to the user, else None. `email_digest` is the keyed digest under
    which an unknown address is counted. Raises WrongCredentials, Throttled, PasswordLocked,
    HashingQueueFull; after the right password AccountLocked, AccountClosed.
    """
    with hashing.admission():
        if user is not None and browser_id is not None:
            own = limits.PASSWORD_KNOWN_BROWSER, f"{user.id}:{browser_id}"
            charges = counters.charge_all(own, now=now, flush=False)
        else:
            # An attacker inside an office must not block its other users, so known browsers don't count here.
            network = networks.counted(limits.PASSWORD_NETWORK, actor.ip_address)
            charges = counters.charge_all(network, _unknown_browser(user, email_digest), now=now, flush=False)
        fits = _matches(user, password, *charges)
        renewed = _hash_at_present_cost(user, password) if user is not None and fits else None
    if user is None or not fits or not user.is_open(now):
        reason = _why_refused(user, fits=fits, now=now)
        _record_failure(user, charges[-1], reason, actor)
        raise _refusal(user, reason)
    if renewed is not None:
        user = _renew(user, renewed)
    return Checked(user, charges)


def _why_refused(user: UserFacts | None, *, fits: bool, now: datetime) -> str:
    if user is None:
        return "unknown address"
    if not fits:
        return "wrong password"
    if user.disabled_at is not None:
        return DISABLED
    return ENDED if user.has_ended(now) else LOCKED


def _refusal(user: UserFacts | None, reason: str) -> Refusal:
    if reason not in TOLD:
        return WrongCredentials()
    locked_at = user.account_locked_at if user is not None and reason == LOCKED else None
    return AccountLocked(locked_at) if locked_at is not None else AccountClosed()


def _renew(user: UserFacts, renewed: str) -> UserFacts:
    """Store the new hash of the same password, unless a concurrent request has stored another.

    Return the user with the hash that is stored now: what a browser proves is made from it.
    """
    same = update(User).where(User.id == user.id, User.password_hash == user.password_hash)
    if rows_changed(same.values(password_hash=renewed)) != 1:
        stored = db.session.scalar(select(User.password_hash).where(User.id == user.id))
        return replace(user, password_hash=stored)
    return replace(user, password_hash=renewed)


def check_own_password(user: AnyUser, password: str, *, actor: Actor, now: datetime) -> Charge:
    """Check the current password of a user who is logged in, and write nothing if it is right.

    Return the charge of this attempt: the caller resets it with its own first write, after any slow work.
    Raises WrongPassword, Throttled, PasswordLocked, HashingQueueFull.
    """
    with hashing.admission():
        own = limits.PASSWORD_KNOWN_BROWSER, f"{user.id}:session"
        (charged,) = counters.charge_all(own, now=now, flush=False)
        fits = _matches(user, password, charged)
    if not fits:
        _record_failure(user, charged, "wrong password", actor)
        raise WrongPassword
    return charged


def _hash_at_present_cost(user: AnyUser, password: str) -> str | None:
    """Return a new hash of a right password if its own has another cost.

    If no hashing slot is free at once, a later login will do it.
    """
    if user.password_hash and hashing.needs_rehash(user.password_hash):
        with suppress(HashingQueueFull):
            return hashing.hash_password(password, wait=False)
    return None


def _record_failure(user: AnyUser | None, charged: Charge, reason: str, actor: Actor) -> None:
    """Record the refusal and, if the limit allows no further attempt, that the password is locked."""
    failures = charged.failures
    record(Event.PASSWORD_REFUSED, actor=actor, subject=user, reason=reason, failures=failures)
    if user is not None and failures == charged.limit.lockout_after:
        to = "known browser" if charged.limit is limits.PASSWORD_KNOWN_BROWSER else "unknown browsers"
        record(Event.PASSWORD_CLOSED, actor=actor, subject=user, to=to, failures=failures)


def _unknown_browser(user: AnyUser | None, email_digest: str) -> tuple[Limit, object]:
    if user is None:
        return limits.PASSWORD_UNKNOWN_USER, email_digest
    return limits.PASSWORD_UNKNOWN_BROWSER, user.id


def _matches(user: AnyUser | None, password: str, *charges: Charge) -> bool:
    """Return True if the password is right. Raises HashingQueueFull after undoing the charges."""
    try:
        return hashing.verify(user.password_hash if user else None, password)
    except HashingQueueFull:
        counters.undo(*charges)
        raise
