"""A try at a password: counted before it is looked at, then forgiven, written down, or given back."""

from datetime import datetime

from mfa_app.core import passwords, throttle
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import Busy, WrongCredentials, WrongPassword
from mfa_app.core.revocation import one_change_at_a_time
from mfa_app.core.throttle import Charge
from mfa_app.models import User


def check_at_gate(
    user: User | None, password: str, *, blinded: str, mark: str | None, actor: Actor, now: datetime
) -> None:
    """Check a password at the first gate, and that the account is open; it leaves the person locked.

    `mark` is what names the browser if it is known to the person; `blinded` stands for the address if there
    is no such person. Raises WrongCredentials, Throttled, PasswordClosed, Busy.
    """
    charges: list[Charge] = []
    with passwords.place():
        if user is not None and mark is not None:
            charges.append(throttle.charge(throttle.PASSWORD_KNOWN_BROWSER, f"{user.id}:{mark}", now=now))
        else:
            # Guessing from an office must shut out nobody there, so a known browser is not counted here.
            charges.append(throttle.charge(throttle.ADDRESS, throttle.network_of(actor.address), now=now))
            charges.append(_charge_stranger(user, blinded, now))
        fits = _fits(user, password, *charges)
    if user is None or not fits or not user.is_active:
        reason = "unknown address" if user is None else "account disabled" if fits else "wrong password"
        _write_down(user, charges[-1], reason, actor)
        raise WrongCredentials
    one_change_at_a_time(user)
    for charged in charges:
        throttle.refund(charged)


def check_own(user: User, password: str, *, actor: Actor, now: datetime) -> None:
    """Check the current password of somebody who is logged in; it leaves the person locked.

    Raises WrongPassword, Throttled, PasswordClosed, Busy.
    """
    with passwords.place():
        charged = throttle.charge(throttle.PASSWORD_KNOWN_BROWSER, f"{user.id}:session", now=now)
        fits = _fits(user, password, charged)
    if not fits:
        _write_down(user, charged, "wrong password", actor)
        raise WrongPassword
    one_change_at_a_time(user)
    throttle.refund(charged)


def _write_down(user: User | None, charged: Charge, reason: str, actor: Actor) -> None:
    """Put a refusal on the trail, and with the last one that the limit allows, that this was the last."""
    failures = charged.failures
    record(Event.PASSWORD_REFUSED, actor=actor, subject=user, reason=reason, failures=failures)
    if user is not None and failures == charged.limit.stop_at:
        to = "known browser" if charged.limit is throttle.PASSWORD_KNOWN_BROWSER else "unknown browsers"
        record(Event.PASSWORD_CLOSED, actor=actor, subject=user, to=to, failures=failures)


def _charge_stranger(user: User | None, blinded: str, now: datetime) -> Charge:
    if user is None:
        return throttle.charge(throttle.PASSWORD_NOBODY, blinded, now=now)
    return throttle.charge(throttle.PASSWORD_STRANGER, user.id, now=now)


def _fits(user: User | None, password: str, *charges: Charge) -> bool:
    """Say whether the password is the person's. Raises Busy, and then the tries do not count."""
    try:
        return passwords.verify(user.password_hash if user else None, password)
    except Busy:
        throttle.give_back(*charges)
        raise
