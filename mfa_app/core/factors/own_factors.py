"""What adding and removing a second factor have in common, whether it is an app or a passkey."""

from datetime import datetime

from sqlalchemy import delete, select, update

from mfa_app.core.audit.events import EndReason, Event, record
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.common import days
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AlreadyEnrolled, NotAllowed, NotEnrolled
from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import former_apps
from mfa_app.core.factors.registry import factors
from mfa_app.core.policy.decision import Verdict, effective_policy
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.subject_facts import has_factor
from mfa_app.core.sessions.revocation import RevocationReason, kept, revoke_access
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Ending, PendingEnrolment, Progress, User
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import AnyUser, SessionFacts


def is_required(identity: Identity, now: datetime) -> bool:
    """Return True if the policy requires a second factor, not only the user's own choice."""
    return effective_policy(identity.subject.facts, now=now).required


def check_may_enrol(identity: Identity, now: datetime) -> None:
    """Check that this session may add a second factor.

    Raises NotAllowed if this user needs a one-time link for that, AlreadyEnrolled if the user has a second
    factor and hasn't used it recently.
    """
    if identity.decision.verdict is Verdict.AWAIT_LINK:
        raise NotAllowed
    asked = identity.decision.verdict is Verdict.CHALLENGE  # a rule may have come since the last answer
    proved = identity.level > Level.PASSWORD and identity.recently_confirmed(now)
    if identity.subject.facts.linked and (asked or not proved):
        raise AlreadyEnrolled


def may_remove(identity: Identity, *, last: bool, now: datetime) -> bool:
    """Return whether the user may remove a second factor: the `last` one unless a rule requires it."""
    return not (last and is_required(identity, now))


def may_opt_in(identity: Identity, *, now: datetime) -> bool:
    """Return whether the user has a second factor that is asked for only if they opt in."""
    facts = identity.subject.facts
    return facts.linked and not facts.opted_in and not is_required(identity, now)


def note_linked(user: AnyUser, *, by_choice: bool, now: datetime) -> None:
    """Note at a user, who is locked, that a second factor has been added and proved just now."""
    counters.clear(limits.CODE, user.id)
    own = (
        update(User)
        .where(User.id == user.id)
        .values(last_login_at=now, link_required=False, link_proof=None, progress=Progress.LOGGED_IN)
    )
    chosen = {"opted_in": True} if by_choice else {}
    used = {"second_factor_on": days.day_of(now)}
    db.session.execute(own.values(factors_locked_at=None, **used, **chosen))


def end_other_access(identity: Identity, because: RevocationReason, actor: Actor) -> SessionFacts:
    """Revoke all other access. Return this session as it goes on, without what it was about to enrol."""
    session = identity.session
    db.session.execute(delete(PendingEnrolment).where(PendingEnrolment.session_id == session.id))
    stamp = revoke_access(identity.user, because=because, actor=actor, except_session=session)
    return kept(session, stamp)


def opt_in(identity: Identity, *, actor: Actor) -> None:
    """Opt the user in to codes whatever the groups require, and revoke the remembered devices.

    Raises NotEnrolled.
    """
    user = identity.user
    lock_user(user)
    if not has_factor(user):
        raise NotEnrolled
    chosen = update(User).where(User.id == user.id, User.opted_in.is_(False)).values(opted_in=True)
    if rows_changed(chosen):
        remembered_devices.forget(user, actor=actor, because=EndReason.OPTED_IN)
        record(Event.AUTHENTICATOR_KEPT, actor=actor, subject=user)


def delete_all(user_id: int, ending: Ending, *, now: datetime) -> bool:
    """Delete all of a user's second factors, and what goes with them. Return False if there were none."""
    apps = db.session.scalars(select(Authenticator).where(Authenticator.user_id == user_id)).all()
    former_apps.keep(user_id, apps, ending, now=now)
    db.session.execute(update(User).where(User.id == user_id).values(opted_in=False, factors_locked_at=None))
    return factors().delete_all(user_id)
