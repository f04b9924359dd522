"""The two gates: the password starts a session, the code lifts it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select, update

from mfa_app.core import (
    addresses,
    devices,
    mail,
    password_tries,
    passwords,
    second_factors,
    sessions,
    throttle,
)
from mfa_app.core.audit import Actor, Event, record
from mfa_app.core.errors import (
    AuthenticatorStopped,
    Busy,
    UsedCode,
    WrongCode,
)
from mfa_app.core.policy import Verdict
from mfa_app.core.revocation import Because, one_change_at_a_time, revoke_access
from mfa_app.core.sessions import Identity
from mfa_app.extensions import db
from mfa_app.models import AuthSession, TrustedDevice, User

WARN_AFTER = 3  # wrong codes after a right password: somebody else may know it


class Browser(Protocol):
    """What the browser at the first gate brings along, as read from its signed cookies."""

    def known_to(self, user: User) -> str | None:
        """Return the browser's mark if this person has been let in with it before."""

    def device_of(self, user: User) -> tuple[str, str] | None:
        """Return the id and the secret of the device that is remembered for this person."""


@dataclass(frozen=True)
class SignedIn:
    """A session that has just started or stepped up, with the token that only the browser may hold.

    `through`: nothing stands between the person and the own pages, neither a code nor linking.
    `wrong_codes`: so many in a row came before the code of this login.
    """

    token: str
    session: AuthSession
    user: User
    device: tuple[str, TrustedDevice] | None = None
    through: bool = True
    wrong_codes: int = 0


def sign_in(
    email: str,
    password: str,
    *,
    browser: Browser,
    blinding: str,
    actor: Actor,
    now: datetime,
    instead_of: Identity | None = None,
) -> SignedIn:
    """Pass the first gate: check address and password, and start a session that has shown the password.

    The session that this browser had before (`instead_of`) ends. `blinding` keys the digest under which
    unknown addresses are counted. Whatever is wrong, and whoever asks, the answer is the same:
    WrongCredentials; or Throttled, PasswordClosed, Busy.
    """
    key = addresses.key_of(email)
    user = db.session.scalar(select(User).where(User.email_key == key))
    stamp = user.stamp if user else 0
    password_tries.check_at_gate(
        user,
        password,
        blinded=addresses.blind(key, blinding),
        mark=browser.known_to(user) if user else None,
        actor=actor,
        now=now,
    )
    _renew_hash(user, password)
    device = _device(user, browser, now)
    actor = as_person(actor, user)
    if instead_of is not None:
        sessions.end(instead_of.session.id)
    token, session = sessions.start(user, actor=actor, now=now, device=device, stamp=stamp)
    record(Event.PASSWORD_ACCEPTED, actor=actor, subject=user)
    through = _finish_if_through(token, actor=actor, now=now)
    return SignedIn(token, session, user, through=through)


def answer_challenge(
    identity: Identity, code: str, *, remember: bool, browser: Browser, actor: Actor, now: datetime
) -> SignedIn:
    """Pass the second gate: check the code, burn its time step, and go on under a new token.

    Raises WrongCode, UsedCode, Throttled, AuthenticatorStopped.
    """
    user, days = identity.user, identity.decision.remember_days
    wrong_codes = _check_code(identity, code, purpose="login", actor=actor, now=now)
    token, session = sessions.elevate(identity.session, actor=actor, now=now, code=True)
    record(Event.LOGIN_COMPLETED, actor=actor, subject=user, method="code")
    user.last_login_at = now
    device = None
    if remember and days > 0:
        before = _device(user, browser, now)
        secret, row = devices.trust(user, days=days, actor=actor, now=now, instead_of=before)
        session.device_id, device = row.id, (secret, row)
    return SignedIn(token, session, user, device, wrong_codes=wrong_codes)


def confirm_by_code(identity: Identity, code: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Show a fresh code within a session, before pages of administration and of one's own security.

    Raises what answer_challenge raises.
    """
    wrong_codes = _check_code(identity, code, purpose="confirmation", actor=actor, now=now)
    token, session = sessions.elevate(identity.session, actor=actor, now=now, code=True)
    return SignedIn(token, session, identity.user, wrong_codes=wrong_codes)


def confirm_by_password(identity: Identity, password: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Show the password again within a session, for a person without an app. Raises as check_own."""
    password_tries.check_own(identity.user, password, actor=actor, now=now)
    record(Event.PASSWORD_ACCEPTED, actor=actor, subject=identity.user)
    token, session = sessions.elevate(identity.session, actor=actor, now=now, code=False)
    return SignedIn(token, session, identity.user, through=identity.decision.verdict is Verdict.ALLOW)


def log_out(identity: Identity, *, actor: Actor) -> None:
    """End the session on the server."""
    sessions.end(identity.session.id)
    record(Event.LOGGED_OUT, actor=actor, subject=identity.user)


def log_out_elsewhere(identity: Identity, session_id: str, *, actor: Actor) -> bool:
    """End one of the person's sessions; say whether there was such a one."""
    ended = sessions.end(session_id, user=identity.user)
    if ended:
        user, because = identity.user, "logged out by hand"
        record(Event.SESSIONS_ENDED, actor=actor, subject=user, count=ended, because=because)
    return bool(ended)


def log_out_everywhere(identity: Identity, *, actor: Actor) -> None:
    """End all of the person's sessions, this one too, and forget the remembered devices."""
    revoke_access(identity.user, because=Because.LOGGED_OUT_EVERYWHERE, actor=actor)


def as_person(actor: Actor, user: User) -> Actor:
    """Return the actor as this person, where the request came from a visitor."""
    return Actor("person", user.email, user.id, user.role, actor.address, actor.user_agent)


def _check_code(identity: Identity, code: str, *, purpose: str, actor: Actor, now: datetime) -> int:
    """Charge, check, burn, refund: the only way in which a code is looked at.

    Return how many wrong ones came before it.
    """
    user, authenticator = identity.user, identity.person.authenticator
    if authenticator is None or authenticator.stopped_at:
        raise AuthenticatorStopped
    charged = throttle.charge(throttle.CODE, user.id, now=now)
    one_change_at_a_time(user)
    try:
        second_factors.accept(authenticator, code, now=now)
    except (WrongCode, UsedCode) as refusal:
        reason = "used" if isinstance(refusal, UsedCode) else "wrong"
        told = {"purpose": purpose, "reason": reason, "failures": charged.failures}
        record(Event.CODE_REFUSED, actor=actor, subject=user, **told)
        _react_to_failures(identity, charged.failures, actor, now)
        raise
    throttle.refund(charged)
    record(Event.CODE_ACCEPTED, actor=actor, subject=user, purpose=purpose)
    return charged.failures - 1


def _react_to_failures(identity: Identity, failures: int, actor: Actor, now: datetime) -> None:
    place = {"place": actor.address, "user_agent": actor.user_agent}
    if failures == WARN_AFTER:
        mail.enqueue(mail.Mail.WRONG_CODES, identity.user, now=now, **place)
    if failures == throttle.CODE.stop_at:
        second_factors.stop(identity.person.authenticator, now=now)
        record(Event.AUTHENTICATOR_STOPPED, actor=actor, subject=identity.user, failures=failures)
        mail.enqueue(mail.Mail.STOPPED, identity.user, now=now, **place)


def _device(user: User, browser: Browser, now: datetime) -> TrustedDevice | None:
    held = browser.device_of(user)
    return devices.is_trusted(user, *held, now=now) if held else None


def _renew_hash(user: User, password: str) -> None:
    """Hash the password anew if the costs have changed, unless somebody changes it beside this.

    Where no slot is free at once, another login will do it: this one holds the person's row.
    """
    if passwords.needs_rehash(user.password_hash):
        same = update(User).where(User.id == user.id, User.password_hash == user.password_hash)
        with suppress(Busy):
            db.session.execute(same.values(password_hash=passwords.hash_password(password, wait=False)))


def _finish_if_through(token: str, *, actor: Actor, now: datetime) -> bool:
    """Note the end of a login where the password was enough; else the ten minutes between the gates begin.

    Say whether it was enough.
    """
    identity = sessions.find(token, now=now)
    if identity is None:
        return False
    if identity.decision.verdict is Verdict.CHALLENGE:
        sessions.mark_challenged(identity.session, now=now)
    if identity.decision.verdict is not Verdict.ALLOW:
        return False
    if identity.device is not None:
        devices.note_use(identity.device, now=now)
    identity.user.last_login_at = now
    method = "remembered device" if identity.device else "password"
    record(Event.LOGIN_COMPLETED, actor=actor, subject=identity.user, method=method)
    return True
