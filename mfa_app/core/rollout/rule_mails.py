"""The mails of a roll-out: a rule that comes, three days before, on its day, and on the last day of grace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, or_, select, union_all

from mfa_app.core.common import days
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.common.turns import taking_turns
from mfa_app.core.mail import outbox
from mfa_app.core.mail.notices import mail_once
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.policy.facts import PolicySubject, find_subject_by_email, find_subjects_by_id
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import reminders
from mfa_app.core.rollout.board import must_link
from mfa_app.core.rollout.duties import Duty, duty_of, said_of
from mfa_app.extensions import db
from mfa_app.models import Group, MailPass, Membership, SitePolicy, User

BATCH = 200  # people in one transaction, for which administration waits

MORNING, EVENING = time(7), time(20)  # mails are queued between these hours of the company's day

DAYS_BEFORE = 3

FRESH = timedelta(days=2)  # for so long after a rule has come into force people are told of it

MAILS = frozenset({Mail.RULE_ANNOUNCED, Mail.RULE_SOON, Mail.RULE_STARTS, Mail.LAST_DAY})

_BEFORE_THE_START = frozenset({Mail.RULE_ANNOUNCED, Mail.RULE_SOON})


@dataclass(frozen=True)
class Due:
    """A mail that is to be sent now, once to each person under a rule.

    `about` is the rule and its date, or the day. `group_id` is None for the rule for everyone.
    """

    mail: Mail
    about: str
    group_id: int | None = None

    @property
    def key(self) -> str:
        """What the pass through the people is kept under."""
        return f"{self.mail} {self.about}"


def go_on(*, now: datetime) -> int:
    """Queue the mails that are due by day, a batch in each transaction. Commits; returns how many there were.

    Each is queued once to each person, whoever runs this, and wherever it is killed.
    """
    if not MORNING <= days.local(now).time() < EVENING:
        return 0
    due = _not_yet_done([*_due_of_rules(now), _last_day(now)])
    db.session.rollback()  # reading is over: wait for the lock without a transaction
    mails = 0
    for one in due:
        for told in taking_turns(partial(_next_batch, one, now)):
            if told is None:
                break
            mails += told
    return mails


def announcements(before: RuleValues, after: RuleValues, *, now: datetime) -> list[date]:
    """Return the days on which people are told of a change of a rule, if it is made now.

    The ends of grace are not among them. No days if the rule is off, or if it starts when it did before and
    has not begun to want passkeys.
    """
    start, same_start = after.required_from, before.required and before.required_from == after.required_from
    passkeys = after.passkey_only and not before.passkey_only
    if not after.required or (same_start and not passkeys):
        return []
    if start is None or start <= now:
        return [] if before.in_force(now) and not passkeys else [_mail_day(now)]
    moments = [max(now, _soon(start)), start] if same_start else [now, max(now, _soon(start)), start]
    return sorted({_mail_day(moment) for moment in moments})


def example(rule: RuleValues, mail_days: Sequence[date], *, now: datetime) -> tuple[Mail, dict[str, object]]:
    """Return the first mail about a rule, and what it says to somebody who has no second factor.

    `mail_days` are those of its change (`announcements`). Without any it is the mail of today.
    """
    moment = max([now, *(days.at(day, MORNING) for day in mail_days[:1])])
    start = rule.required_from
    if start is None or start <= moment:
        return Mail.RULE_STARTS, {"starts": start, "link_by": None, "passkey": rule.passkey_only}
    return _before_the_start(start, moment), {"starts": start, "link_by": start, "passkey": rule.passkey_only}


def at_sending(mail: Mail, to: str, *, about: object, group_id: object, now: datetime) -> dict[str, object]:
    """Return what one of MAILS says of its recipient when it leaves: the person's own deadline as it is then.

    Raises NoLongerTrue if the rule has another date by now or is off, the day is over, or this person need
    not link any more.
    """
    due = Due(mail, str(about), group_id if isinstance(group_id, int) else None)
    subject = find_subject_by_email(to)
    duty = duty_of(subject, now=now) if subject is not None and _is_due(due, now) else None
    if subject is None or duty is None or not _is_told(subject, duty, due, _wants_passkeys(due), now):
        raise outbox.NoLongerTrue
    rule = None if mail is Mail.LAST_DAY else _rule(due.group_id)
    return {**said_of(duty, subject, rule), "starts": rule.required_from if rule else None}


def _due_of_rules(now: datetime) -> list[Due]:
    """Return what is due of all rules that come, or have just come into force."""
    moments = Group.required_from, Group.required_since, Group.passkey_since
    recent = or_(*(moment > now - FRESH for moment in moments))
    rows: list[Group | SitePolicy | None] = [_rule(None)]
    rows += db.session.scalars(select(Group).where(Group.required, recent).order_by(Group.id))
    return [due for row in rows if (due := _due_of_rule(row, now)) is not None]


def _due_of_rule(row: Group | SitePolicy | None, now: datetime) -> Due | None:
    """Return which mail is due of a rule, if any: a later one replaces those before it."""
    if row is None or not row.required:
        return None
    start = row.required_from
    if start is not None and start > now:
        return _about(row, start, _before_the_start(start, now))
    moments = (start, row.required_since, row.passkey_since if row.passkey_only else None)
    began = max((moment for moment in moments if moment is not None), default=None)
    if began is None or began + FRESH <= now:
        return None
    return _about(row, began, Mail.RULE_STARTS)


def _before_the_start(start: datetime, moment: datetime) -> Mail:
    return Mail.RULE_SOON if moment >= _soon(start) else Mail.RULE_ANNOUNCED


def _soon(start: datetime) -> datetime:
    return days.at(days.day_of(start) - timedelta(days=DAYS_BEFORE), MORNING)


def _mail_day(moment: datetime) -> date:
    """Return the first day from this time on on which mails are queued."""
    today = days.day_of(moment)
    return today if days.local(moment).time() < EVENING else today + timedelta(days=1)


def _about(row: Group | SitePolicy, moment: datetime, mail: Mail) -> Due:
    group_id = row.id if isinstance(row, Group) else None
    scope = "everyone" if group_id is None else f"group {group_id}"
    return Due(mail, f"{scope} {days.day_of(moment).isoformat()}", group_id)


def _last_day(now: datetime) -> Due:
    return Due(Mail.LAST_DAY, days.day_of(now).isoformat())


def _is_due(due: Due, now: datetime) -> bool:
    """Return whether this is still what is due, by the rule as it is now."""
    if due.mail is Mail.LAST_DAY:
        return due == _last_day(now)
    return due == _due_of_rule(_rule(due.group_id), now)


def _rule(group_id: int | None) -> Group | SitePolicy | None:
    """Return the row of a rule as it is in the database; None if its group is gone."""
    if group_id is None:
        return db.session.get(SitePolicy, 1, populate_existing=True)
    return db.session.get(Group, group_id, populate_existing=True)


def _not_yet_done(due: Sequence[Due]) -> list[Due]:
    keys = [one.key for one in due]
    done = select(MailPass.about).where(MailPass.about.in_(keys), MailPass.after_id.is_(None))
    finished = set(db.session.scalars(done))
    return [one for one in due if one.key not in finished]


def _next_batch(due: Due, now: datetime) -> int | None:
    """Tell the next people, and commit. Return how many were told, or None if nobody is left.

    They are found before the lock is taken: few of very many can take seconds, for which logins would wait.
    """
    after = _come_to(due)
    ids = _people(due, after, now) if after is not None else []
    db.session.rollback()  # reading is over: wait for the lock without a transaction
    if after is None:
        return None
    lock_administration()  # so that two processes take different people, and the rule stays as it is
    come_to = _come_to(due)
    if come_to != after or not _is_due(due, now):
        db.session.rollback()
        return None if come_to == after else 0  # or another process has told these people
    told = _tell(due, ids, now)
    passing = db.session.get(MailPass, due.key) or MailPass(about=due.key, begun_at=now)
    passing.after_id = ids[-1] if len(ids) == BATCH else None
    db.session.add(passing)
    db.session.commit()
    return told


def _come_to(due: Due) -> int | None:
    """Return the id of the last person who was told, 0 before the first; None once all have been."""
    passing = db.session.get(MailPass, due.key, populate_existing=True)
    return passing.after_id if passing is not None else 0


def _people(due: Due, after: int, now: datetime) -> list[int]:
    """Return the ids of the next of those who may have to be told, in their order."""
    passkeys = _wants_passkeys(due)
    with_app = User.linked, ~User.has_passkey, User.disabled_at.is_(None)
    lacking = or_(must_link(now=now), and_(*with_app)) if passkeys else must_link(now=now)
    found = select(User.id).where(lacking, User.id > after)
    if due.mail is Mail.LAST_DAY:
        found = found.where(User.id.in_(_whose_time_ends_today(now, passkeys)))
    if due.group_id is not None:
        of_group = [Membership.group_id == due.group_id, Membership.user_id > after]
        if not passkeys:
            of_group.append(~Membership.linked)
        found = found.join(Membership, Membership.user_id == User.id).where(*of_group)
    return list(db.session.scalars(found.order_by(User.id).limit(BATCH)))


def _wants_passkeys(due: Due) -> bool:
    """Return whether a mail is also for people who have an app, but no passkey."""
    if due.mail is not Mail.LAST_DAY:
        rule = _rule(due.group_id)
        return rule is not None and rule.passkey_only
    site, group = _rule(None), exists().where(Group.required, Group.passkey_only)
    of_site = site is not None and site.required and site.passkey_only
    return of_site or bool(db.session.scalar(select(group)))


def _whose_time_ends_today(now: datetime, passkeys: bool) -> CompoundSelect[int]:
    """Return the SELECT of whose grace period, or date of their own, ends within the company's day.

    Each part of it reads a stretch of an index.
    """
    today = days.day_of(now)
    begin, end = days.start_of(today), days.end_after(today)
    linked = [False, True] if passkeys else [False]

    def within(column: Any, grace_days: int = 0) -> ColumnElement[bool]:
        grace = timedelta(days=grace_days)
        return and_(column > begin - grace, column <= end - grace)

    ends = [select(User.id).where(within(User.link_by))]
    with_grace = select(Group.id, Group.grace_days).where(Group.required, Group.grace_days > 0)
    for group_id, grace_days in db.session.execute(with_grace):
        of_group = Membership.group_id == group_id, Membership.linked.in_(linked)
        ends.append(select(Membership.user_id).where(*of_group, within(Membership.joined_at, grace_days)))
    site = _rule(None)
    if site is not None and site.required and site.grace_days > 0:
        created = within(User.created_at, site.grace_days)
        ends.append(select(User.id).where(User.linked.in_(linked), created))
    return union_all(*ends)


def _tell(due: Due, ids: Sequence[int], now: datetime) -> int:
    passkeys = _wants_passkeys(due)
    told = [
        subject.user
        for subject in find_subjects_by_id(ids)
        if (duty := duty_of(subject, now=now)) is not None and _is_told(subject, duty, due, passkeys, now)
    ]
    return mail_once(due.mail, told, due.about, now=now, about=due.about, group_id=due.group_id)


def _is_told(subject: PolicySubject, duty: Duty, due: Due, passkeys: bool, now: datetime) -> bool:
    """Return whether a person who must still set something up is to be told this now.

    `passkeys`: the mail is also for people who have an app. Who has to set it up already hears nothing of a
    rule that comes. Who has no password has an invitation, and the help desk and administrators need a second
    factor whatever the rules say, but no passkey.
    """
    user = subject.user
    if not reminders.is_open_to_mail(user, now=now) or user.password_hash is None:
        return False
    if user.is_privileged and not duty.has_app:
        return False
    if due.group_id is not None and due.group_id not in {group.id for group in subject.groups}:
        return False
    if due.mail is Mail.LAST_DAY:
        return duty.by is not None and days.last_before(duty.by) == days.day_of(now)
    if duty.has_app and not passkeys:
        return False
    return duty.by is not None or due.mail not in _BEFORE_THE_START
