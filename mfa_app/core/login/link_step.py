"""After a reset: what somebody shows besides the password before linking a new app."""

from datetime import datetime, timedelta

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import (
    AuthenticatorLocked,
    EmailCodeTooSoon,
    HashingQueueFull,
    NotAllowed,
    SessionEnded,
    Throttled,
)
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import link_proofs
from mfa_app.core.login.code_step import react_to_failures
from mfa_app.core.mail import outbox
from mfa_app.core.passwords import hashing
from mfa_app.core.policy.decision import Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.counters import Charge
from mfa_app.extensions import db
from mfa_app.models import LinkProof

SEND_AGAIN_AFTER = timedelta(minutes=1)


def waits_for_proof(identity: Identity) -> bool:
    """Return True for a session that needs one of these before its user links an app."""
    facts = identity.subject.facts
    return identity.decision.verdict is Verdict.AWAIT_LINK and facts.link_required


def takes(identity: Identity, proof: LinkProof) -> bool:
    """Return True if this session may go on with such a proof. A pass also does in place of a code."""
    asked = identity.subject.facts.link_proof
    return waits_for_proof(identity) and (proof is LinkProof.ACCESS_PASS or asked == proof)


def code_was_sent(identity: Identity, *, now: datetime) -> bool:
    """Return True if a code that still works was sent to the user of this session by email."""
    return link_proofs.find(identity.user, LinkProof.EMAIL_CODE, now=now) is not None


def send_code(identity: Identity, *, actor: Actor, now: datetime) -> None:
    """Email a code to the user of a session that waits for one. It replaces the one before.

    There is one a minute, and five an hour. Raises NotAllowed, EmailCodeTooSoon, AuthenticatorLocked,
    SessionEnded, HashingQueueFull.
    """
    user = identity.user
    if not takes(identity, LinkProof.EMAIL_CODE):
        raise NotAllowed
    if user.factors_locked_at is not None:
        raise AuthenticatorLocked
    _wait_a_minute(identity, now)
    code = link_proofs.new_email_code()
    secret_hash = hashing.hash_password(code)
    try:
        counters.charge(limits.EMAIL_CODES, user.id, now=now)
    except Throttled as throttled:
        raise EmailCodeTooSoon(throttled.retry_at) from None
    lock_user(user)
    sessions.require(identity.session)
    _wait_a_minute(identity, now)  # another tab may have been faster
    lifetime = link_proofs.EMAIL_CODE_LASTS
    link_proofs.replace(user, LinkProof.EMAIL_CODE, secret_hash, lifetime=lifetime, now=now)
    record(Event.EMAIL_CODE_SENT, actor=actor, subject=user)
    told = {"code": code, "until": (now + lifetime).isoformat()}
    outbox.notify(outbox.Mail.EMAIL_CODE, user, actor=actor, now=now, **told)


def _wait_a_minute(identity: Identity, now: datetime) -> None:
    """Raise EmailCodeTooSoon if the last code was sent less than a minute ago."""
    last = link_proofs.find(identity.user, LinkProof.EMAIL_CODE, now=now)
    if last is not None and last.created_at + SEND_AGAIN_AFTER > now:
        raise EmailCodeTooSoon(last.created_at + SEND_AGAIN_AFTER)


def open_with(identity: Identity, proof: LinkProof, typed: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Use up a pass or an emailed code: this session may then link an app, as if it had begun with a link.

    Each attempt counts as one at a code of an app, before it is checked; what can't be one is not counted.
    Whether there is none, or it was used, replaced, revoked or is too old, the refusal is the same and takes
    as long. Raises NotAllowed, NotAnAccessPass, WrongAccessPass, NotAnEmailCode, WrongEmailCode, Throttled,
    AuthenticatorLocked, SessionEnded, HashingQueueFull.
    """
    user = identity.user
    if not takes(identity, proof):
        raise NotAllowed
    if user.factors_locked_at is not None:
        raise AuthenticatorLocked
    code = link_proofs.read(proof, typed)
    charged, secret_id = _check(identity, proof, code, now)
    if secret_id is None or not _accept(identity, secret_id):
        _record_failure(identity, proof, charged, actor, now)
        raise link_proofs.REFUSALS[proof]
    counters.reset_after_success(charged)
    record(Event.LINKING_PERMITTED, actor=actor, subject=user, proof=proof.value)
    token, session = sessions.permit_enrolment(identity.session, actor=actor, now=now)
    decision = decide(identity.subject.facts, shown=Level.PASSWORD, from_link=True, now=now)
    return SignedIn(token, session, user, verdict=decision.verdict)


def _check(identity: Identity, proof: LinkProof, code: str, now: datetime) -> tuple[Charge, str | None]:
    """Count the attempt, then return its charge and the id of the secret, if the code is that.

    Raises HashingQueueFull, after undoing the charge.
    """
    user = identity.user
    with hashing.admission():
        charged = counters.charge(limits.CODE, user.id, now=now)
        secret = link_proofs.find(user, proof, now=now)
        try:
            fits = link_proofs.check(secret, code)
        except HashingQueueFull:
            counters.undo(charged)
            raise
    return charged, secret.id if secret and fits else None


def _accept(identity: Identity, secret_id: str) -> bool:
    """Burn a secret with the user locked. Return False, after a rollback, if it is gone meanwhile.

    Rolls back before it raises SessionEnded too; the attempt stays counted.
    """
    lock_user(identity.user)
    try:
        sessions.require(identity.session)
    except SessionEnded:
        db.session.rollback()
        raise
    burned = link_proofs.burn(secret_id)
    if not burned:
        db.session.rollback()
    return burned


def _record_failure(
    identity: Identity, proof: LinkProof, charged: Charge, actor: Actor, now: datetime
) -> None:
    """Record a refusal. Raises SessionEnded if a concurrent request has ended the session."""
    user = identity.user
    lock_user(user)
    sessions.require(identity.session)
    record(Event.LINKING_REFUSED, actor=actor, subject=user, proof=proof.value, failures=charged.failures)
    react_to_failures(user, charged.failures, actor, now)
