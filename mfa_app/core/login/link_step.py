"""After a reset: what somebody shows besides the password before linking a new app."""

from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import (
    AuthenticatorLocked,
    HashingQueueFull,
    NotAllowed,
    WrongAccessPass,
)
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import link_proofs
from mfa_app.core.login.code_step import react_to_failures
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


def waits_for_proof(identity: Identity) -> bool:
    """Return True for a session that needs one of these before its user links an app."""
    facts = identity.subject.facts
    return identity.decision.verdict is Verdict.AWAIT_LINK and facts.link_required


def open_with(identity: Identity, proof: LinkProof, typed: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Use up an access pass: this session may then link an app, as if it had begun with a link.

    Each attempt counts as one at a code, before it is checked; what can't be a pass is not counted. Whether
    there is no pass, or it was used, replaced, revoked or is too old, the refusal is the same and takes as
    long. Raises NotAllowed, NotAnAccessPass, WrongAccessPass, Throttled, AuthenticatorLocked, SessionEnded,
    HashingQueueFull.
    """
    user = identity.user
    if not waits_for_proof(identity):
        raise NotAllowed
    if user.factors_locked_at is not None:
        raise AuthenticatorLocked
    code = link_proofs.read(proof, typed)
    charged, secret_id = _check(identity, proof, code, now)
    if secret_id is None or not _accept(identity, secret_id):
        _record_failure(identity, proof, charged, actor, now)
        raise WrongAccessPass
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
    except Exception:
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
