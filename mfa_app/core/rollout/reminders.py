"""Reminders to people who must still link: once a day for each person, and only while it is true."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import delete, exists, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import days
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import NothingToRemind
from mfa_app.core.common.locks import begin_change, lock_administration, lock_and_reload
from mfa_app.core.common.permissions import Permission
from mfa_app.core.common.turns import taking_turns
from mfa_app.core.mail import outbox
from mfa_app.core.mail.notices import first_time
from mfa_app.core.policy.decision import will_be_required
from mfa_app.core.policy.facts import PolicySubject, find_subject_by_email, find_subjects_by_id
from mfa_app.core.rollout.board import REMINDER, must_link
from mfa_app.core.rollout.duties import duty_of, said_of
from mfa_app.core.users import enrolment_links
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Notice, ReminderRun, User
from mfa_app.models.column_types import new_id

AT_ONCE = 50  # people who are reminded within the request; more are left to a job

BATCH = 200  # people of one transaction of the job


@dataclass(frozen=True)
class Reminded:
    """How many were reminded, and how many got their invitation again. `later`: a job reminds them."""

    reminded: int = 0
    invited: int = 0
    later: bool = False


def remind(users: Sequence[User], *, actor: Actor, now: datetime) -> Reminded:
    """Queue a reminder to those of at most 50 people who must still link; return how many that were.

    Nobody gets two a day. Who has no password gets the invitation again; an administrator or the help desk
    a link to set up an app. Disabled, exempt and linked people, and those whose address is refused, get
    nothing. Raises NothingToRemind if nobody is left; NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    told = _remind([user.id for user in users if actor.may_act_on(user)], actor, now)
    if not told:
        raise NothingToRemind
    for user in told:
        record(Event.USER_REMINDED, actor=actor, subject=user)
    return _summed(told)


def remind_all(scope: Group | None, *, actor: Actor, now: datetime) -> Reminded:
    """Do the same for everyone of a group, or for all (None): up to 50 at once, else by a job.

    Raises NothingToRemind, NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    waiting = _waiting(scope, 0, AT_ONCE + 1, now)
    if not waiting or _is_under_way(scope):
        raise NothingToRemind
    name = scope.name if scope else ""
    if len(waiting) > AT_ONCE:
        db.session.add(
            ReminderRun(
                id=new_id(),
                group_id=scope.id if scope else None,
                actor_kind=actor.kind,
                actor_id=actor.user_id,
                actor_name=actor.name,
                created_at=now,
                after_id=0,
            )
        )
        record(Event.GROUP_REMINDED, actor=actor, group=name)
        return Reminded(later=True)
    told = _remind(waiting, actor, now)
    if not told:
        raise NothingToRemind
    record(Event.GROUP_REMINDED, actor=actor, group=name)
    return _summed(told)


def go_on(*, now: datetime) -> int:
    """Queue the reminders that wait for a job; commit each batch. Return how many people got one."""
    count = 0
    for told in taking_turns(partial(_next_batch, now)):
        if told is None:
            break
        count += told
    return count


def is_due(subject: PolicySubject, *, now: datetime) -> bool:
    """Return whether this user must link an app or add a passkey, now or later, and can be told by email."""
    wanted = not subject.facts.linked and will_be_required(subject.facts, now=now)
    return wanted and is_open_to_mail(subject.user, now=now)


def is_open_to_mail(user: User, *, now: datetime) -> bool:
    """Return whether a user can get in, and can be told by email."""
    return user.is_open(now) and user.email_refused_at is None


def due_today(user_ids: Collection[int], *, now: datetime) -> set[int]:
    """Return which of these at most 50 users a reminder would reach now: due, and not reminded today."""
    due = {subject.user.id for subject in find_subjects_by_id(user_ids) if is_due(subject, now=now)}
    of_today = Notice.kind == REMINDER, Notice.about == _today(now), Notice.user_id.in_(due)
    return due - set(db.session.scalars(select(Notice.user_id).where(*of_today)))


def at_sending(to: str, *, now: datetime) -> dict[str, object]:
    """Return what a mail of a roll-out says of its recipient when it leaves: the deadline as it is then.

    Raises NoLongerTrue if this user need not link any more, or not any more by such a mail.
    """
    subject = find_subject_by_email(to)
    duty = duty_of(subject, now=now) if subject and is_due(subject, now=now) else None
    if subject is None or duty is None:
        raise outbox.NoLongerTrue
    return said_of(duty, subject)


def _next_batch(now: datetime) -> int | None:
    """Remind the next people of the oldest run, and commit. Return how many, or None without a run."""
    lock_administration()  # so that two processes take different people
    run = db.session.scalars(
        select(ReminderRun).order_by(ReminderRun.created_at, ReminderRun.id).limit(1)
    ).first()
    if run is None:
        db.session.rollback()
        return None
    scope = db.session.get(Group, run.group_id) if run.group_id is not None else None
    actor = Actor(ActorKind(run.actor_kind), run.actor_name, run.actor_id)
    ids = _waiting(scope, run.after_id, BATCH, now)
    told = _remind(ids, actor, now)
    if ids:
        run.after_id = ids[-1]
    else:
        db.session.execute(delete(ReminderRun).where(ReminderRun.id == run.id))
    db.session.commit()
    return len(told)


def _is_under_way(scope: Group | None) -> bool:
    of_scope = ReminderRun.group_id == scope.id if scope else ReminderRun.group_id.is_(None)
    return bool(db.session.scalar(select(exists().where(of_scope))))


def _waiting(scope: Group | None, after: int, limit: int, now: datetime) -> list[int]:
    """Return the ids of those who can be reminded today, in their order."""
    told = exists().where(Notice.user_id == User.id, Notice.kind == REMINDER, Notice.about == _today(now))
    found = select(User.id).where(must_link(now=now), User.email_refused_at.is_(None), User.id > after, ~told)
    if scope is not None:
        of_group = Membership.group_id == scope.id, Membership.user_id > after, ~Membership.linked
        found = found.join(Membership, Membership.user_id == User.id).where(*of_group)
    return list(db.session.scalars(found.order_by(User.id).limit(limit)))


def _remind(ids: Sequence[int], actor: Actor, now: datetime) -> list[User]:
    """Queue a mail to each of these users who is to be told and has not been today; return those."""
    subjects = [subject for subject in find_subjects_by_id(ids) if is_due(subject, now=now)]
    fresh = first_time([subject.user.id for subject in subjects], REMINDER, _today(now), now=now)
    told = [subject.user for subject in subjects if subject.user.id in fresh]
    for user in sorted(told, key=lambda user: user.id):  # so that no two of these wait for each other
        if user.password_hash is None:
            lock_and_reload(user)  # may have accepted an earlier invitation meanwhile
        if user.password_hash is None or enrolment_links.needs_link(user):
            enrolment_links.mail_to(user, actor=actor, now=now)
        else:
            outbox.enqueue(outbox.Mail.REMINDER, user, now=now)
    return told


def _summed(told: Sequence[User]) -> Reminded:
    invited = sum(user.password_hash is None for user in told)
    return Reminded(len(told) - invited, invited)


def _today(now: datetime) -> str:
    return days.day_of(now).isoformat()
