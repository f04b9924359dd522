"""Access passes: who has nothing linked after a reset gets one from a helper, by telephone or in person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import PassNotNeeded
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.factors import link_proofs
from mfa_app.core.helpdesk.caller_check import CallerCheck
from mfa_app.core.mail import outbox
from mfa_app.core.passwords import hashing
from mfa_app.core.policy import subject_facts
from mfa_app.core.policy.decision import PolicyFacts, Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.models import LinkProof, User
from mfa_app.models.row_facts import AnyUser

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=8)

LIFETIMES = (SHORTEST, timedelta(hours=1), timedelta(hours=4), LONGEST)

USUAL = timedelta(hours=1)


@dataclass(frozen=True)
class AccessPass:
    """A new pass, as it is read out, and its end. Nobody sees it again."""

    shown: str
    expires_at: datetime


def needs_pass(user: AnyUser, facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if this user is stopped, after a reset, until there is more than the password."""
    if not facts.link_required or user.password_hash is None or user.factors_locked_at is not None:
        return False
    verdict = decide(facts, shown=Level.PASSWORD, now=now).verdict
    return user.is_open(now) and verdict is Verdict.AWAIT_LINK


def make(user: User, *, lifetime: timedelta, checked: CallerCheck, actor: Actor, now: datetime) -> AccessPass:
    """Return a new access pass of a user, who is told by email. It replaces the one before.

    Raises PassNotNeeded, HashingQueueFull, SessionEnded, OutOfScope, NotAllowed: nobody makes one for
    themselves, and the help desk none for its equals and administrators; ValueError for another lifetime
    than from ten minutes to eight hours.
    """
    if not SHORTEST <= lifetime <= LONGEST:
        raise ValueError("an access pass is for ten minutes to eight hours")
    actor.require(Permission.RESET_SECOND_FACTOR, user)
    code = link_proofs.new_pass()
    secret_hash = hashing.hash_password(code)
    begin_change(actor, Permission.RESET_SECOND_FACTOR, user)
    subject = subject_facts.find_by_id(user.id)
    if subject is None or not needs_pass(subject.user, subject.facts, now=now):
        raise PassNotNeeded
    replaced = link_proofs.replace(user, LinkProof.ACCESS_PASS, secret_hash, lifetime=lifetime, now=now)
    until, how = now + lifetime, checked.details()
    details = {"minutes": lifetime // timedelta(minutes=1), "ended_one": replaced, **how}
    record(Event.ACCESS_PASS_MADE, actor=actor, subject=user, **details)
    told = {"actor_name": actor.name, "until": until.isoformat(), **how}
    outbox.enqueue(outbox.Mail.ACCESS_PASS_MADE, user, now=now, **told)
    return AccessPass(link_proofs.shown_pass(code), until)
