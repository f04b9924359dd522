"""The way in for an administrator who has nothing but the password: a break-glass code of the site."""

from dataclasses import replace
from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotAllowed, SessionEnded, UsedBreakGlassCode, WrongBreakGlassCode
from mfa_app.core.common.locks import lock_administration, lock_user
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.factors import break_glass, own_factors
from mfa_app.core.login.code_step import WARN_AFTER, react_to_failures
from mfa_app.core.mail import administrators, outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.policy.decision import Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, kept, revoke_access
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.counters import Charge
from mfa_app.extensions import db
from mfa_app.models import Ending
from mfa_app.models.row_facts import UserFacts

AT_THE_SECOND_GATE = frozenset({Verdict.CHALLENGE, Verdict.AWAIT_LINK})


def open_with_code(identity: Identity, typed: str, *, actor: Actor, now: datetime) -> SignedIn:
    """Use up a break-glass code: this session may then link a new app, as if it had begun with a link.

    All second factors of the administrator are removed as by a reset, other access ends, and every
    administrator gets an email. What can't be a code is not charged. Raises NotAllowed, NotABreakGlassCode,
    WrongBreakGlassCode, UsedBreakGlassCode, Throttled, AuthenticatorLocked, SessionEnded.
    """
    user = identity.user
    if not may(user.role, Permission.BREAK_GLASS) or identity.decision.verdict not in AT_THE_SECOND_GATE:
        raise NotAllowed
    code = break_glass.read(typed)
    charges = _charge(identity, now)
    try:
        _accept(identity, code, now)
    except (WrongBreakGlassCode, UsedBreakGlassCode) as refusal:
        _record_failure(identity, refusal, charges, actor, now)
        raise
    counters.reset_after_success(*charges)
    was_linked = own_factors.delete_all(user.id, Ending.RESET, now=now)
    left = break_glass.current_set().left
    record(Event.BREAK_GLASS_USED, actor=actor, subject=user, was_linked=was_linked, left=left)
    stamp = revoke_access(
        user, because=RevocationReason.BREAK_GLASS, actor=actor, except_session=identity.session
    )
    token, session = sessions.permit_enrolment(kept(identity.session, stamp), actor=actor, now=now)
    _tell_of_use(user, left, actor, now)
    facts = replace(identity.subject.facts, linked=False, passkey=False)
    decision = decide(facts, shown=Level.PASSWORD, from_link=True, now=now)
    return SignedIn(token, session, user, verdict=decision.verdict)


def _charge(identity: Identity, now: datetime) -> list[Charge]:
    """Count the attempt, with those at codes of an app too while these would count."""
    user = identity.user
    counted = [(limits.BREAK_GLASS, user.id)]
    if identity.subject.facts.linked and user.factors_locked_at is None:
        counted.append((limits.CODE, user.id))
    return counters.charge_all(*counted, now=now)


def _accept(identity: Identity, code: str, now: datetime) -> None:
    """Burn the code, with administration and the user locked as for a reset.

    Rolls back before it raises SessionEnded, or UsedBreakGlassCode for a code that was used meanwhile; the
    attempt stays counted.
    """
    code_id = break_glass.find(code)
    lock_administration()
    lock_user(identity.user)
    try:
        sessions.require(identity.session)
        break_glass.burn(code_id, now=now)
    except (SessionEnded, UsedBreakGlassCode):
        db.session.rollback()
        raise


def _record_failure(
    identity: Identity,
    refusal: WrongBreakGlassCode | UsedBreakGlassCode,
    charges: list[Charge],
    actor: Actor,
    now: datetime,
) -> None:
    """Record a refused code, and alarm every administrator from the third on.

    Raises SessionEnded if a concurrent request has ended the session.
    """
    user, (own, *shared) = identity.user, charges
    lock_user(user)
    sessions.require(identity.session)
    reason = "used" if isinstance(refusal, UsedBreakGlassCode) else "wrong"
    record(Event.BREAK_GLASS_REFUSED, actor=actor, subject=user, reason=reason, failures=own.failures)
    for charged in shared:
        react_to_failures(user, charged.failures, actor, now)
    if own.failures >= WARN_AFTER:
        told = {"who": user.email, "failures": own.failures}
        for administrator in administrators.enabled():
            outbox.notify(Mail.BREAK_GLASS_REFUSED, administrator, actor=actor, now=now, **told)


def _tell_of_use(user: UserFacts, left: int, actor: Actor, now: datetime) -> None:
    """Tell every administrator; whose account it is gets a link with the email that locks it."""
    for administrator in administrators.enabled():
        mail = Mail.BREAK_GLASS_USED if administrator.id == user.id else Mail.BREAK_GLASS_ALARM
        outbox.notify(mail, administrator, actor=actor, now=now, who=user.email, left=left)
