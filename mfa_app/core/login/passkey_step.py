"""Both gates at once: a passkey in place of the password and the code, for those whose rules allow that."""

from datetime import datetime

from mfa_app.core.audit.events import AnsweredFor, EndReason, Event, record
from mfa_app.core.browsers.known_browsers import BrowserFacts, known_browser_id
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AuthenticatorLocked, PasskeyRefused
from mfa_app.core.common.locks import lock_user_who_logs_in
from mfa_app.core.factors.challenges import Purpose
from mfa_app.core.factors.passkeys import Passkeys, check_signed
from mfa_app.core.login.new_logins import tell_of_login
from mfa_app.core.policy import subject_facts
from mfa_app.core.policy.decision import passkey_alone
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.core.sessions import ended_access, sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn, as_user
from mfa_app.core.throttling import counters, limits, networks
from mfa_app.core.throttling.counters import Charge
from mfa_app.extensions import db

ALONE = "passkey alone"


def sign_in_by_passkey(
    answer: str, *, browser: BrowserFacts, replaces: Identity | None = None, actor: Actor, now: datetime
) -> SignedIn:
    """Check the answer of a passkey, and start a session in which no password was given.

    `replaces` is the browser's previous session, which ends. A failure counts for the network, as a wrong
    password does. Whatever was wrong stands on the trail alone: the refusal is one and the same. Raises
    PasskeyRefused, PasskeysOff, Throttled.
    """
    charged = networks.charge(limits.PASSWORD_NETWORK, actor.ip_address, now=now)
    subject = None
    try:
        checked = check_signed(answer, Purpose.ALONE, "", now=now)
        subject = subject_facts.find_by_id(checked.passkey.user_id)
        found = _may_sign_in(subject, now)
        lock_user_who_logs_in(found.user, now=now)
        _require_unchanged(found, now)
        checked.burn(now=now)
    except (PasskeyRefused, AuthenticatorLocked) as refusal:
        db.session.rollback()
        _record_failure(subject, refusal, charged, actor)
        raise PasskeyRefused("not alone") from None
    counters.reset_after_success(charged)
    signed_in = _start(found, checked.methods, replaces, browser, actor, now)
    known = known_browser_id(found.user, browser) is not None
    tell_of_login(found.user, known=known, passkey_alone=True, actor=as_user(actor, found.user), now=now)
    return signed_in


def _may_sign_in(subject: SubjectFacts | None, now: datetime) -> SubjectFacts:
    if subject is None or not subject.user.is_open(now) or not passkey_alone(subject.facts, now=now):
        raise PasskeyRefused("not alone")
    return subject


def _require_unchanged(subject: SubjectFacts, now: datetime) -> None:
    """Read the user, who is locked, again. Raises PasskeyRefused if access has been revoked meanwhile."""
    again = _may_sign_in(subject_facts.find_by_id(subject.user.id), now)
    if again.user.security_stamp != subject.user.security_stamp:
        raise PasskeyRefused("not alone")


def _start(
    subject: SubjectFacts,
    methods: frozenset[str],
    replaces: Identity | None,
    browser: BrowserFacts,
    actor: Actor,
    now: datetime,
) -> SignedIn:
    user = subject.user
    actor = as_user(actor, user)
    if replaces is not None:
        sessions.end_because(replaces, EndReason.LOGGED_IN_AGAIN, actor=actor)
    token, session = sessions.start(user, actor=actor, now=now, methods=methods)
    record(Event.CODE_ACCEPTED, actor=actor, subject=user, purpose=AnsweredFor.LOGIN, factor=Passkeys.name)
    record(Event.LOGIN_COMPLETED, actor=actor, subject=user, method=ALONE)
    return SignedIn(token, session, user, ended=ended_access.to_tell(user, browser))


def _record_failure(
    subject: SubjectFacts | None, refusal: PasskeyRefused | AuthenticatorLocked, charged: Charge, actor: Actor
) -> None:
    record(
        Event.CODE_REFUSED,
        actor=actor,
        subject=subject.user if subject else None,
        purpose=AnsweredFor.LOGIN,
        reason=refusal.reason if isinstance(refusal, PasskeyRefused) else "locked",
        seen=None,
        failures=charged.failures,
    )
