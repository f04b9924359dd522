"""The ends of exemptions: the person is told a week before and when it has ended, the giver a week before."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from mfa_app.core.common import days, email_addresses
from mfa_app.core.mail import notices, outbox
from mfa_app.core.policy import conditions
from mfa_app.core.policy.decision import PolicyFacts
from mfa_app.core.policy.facts import find_subject_by_email
from mfa_app.core.policy.overrides import END_TOLD_BEFORE
from mfa_app.extensions import db
from mfa_app.models import PRIVILEGED, Role, User

BATCH = 100  # exemptions in one transaction

TOLD_AFTER = timedelta(days=1)  # so that nobody is told of what ended before the site could tell it

# Who gave an exemption for less time than this knows its end anyway.
GIVER_TOLD_BEFORE = timedelta(days=6)


def tell_before_end(*, now: datetime) -> int:
    """Mail those whose exemption ends within a week, and who gave it, once for each last day.

    An administrator gets one mail for all exemptions that end on a day. Commits; returns how many mails
    there were.
    """
    mails, after = 0, 0
    while ending := _ending(now, after):
        after = ending[-1].id
        mails += _tell(ending, outbox.Mail.EXEMPTION_ENDS, now)
        mails += _tell_givers(ending, now)
        db.session.commit()
    return mails


def tell_after_end(*, now: datetime) -> int:
    """Mail those whose exemption has ended by itself within a day, once for each last day.

    Who ended one tells of it at once. Commits; returns how many mails there were.
    """
    mails, after = 0, 0
    while ended := _ended(now, after):
        after = ended[-1].id
        mails += _tell(ended, outbox.Mail.EXEMPTION_OVER, now)
        db.session.commit()
    return mails


def facts_after_end(to: str, *, now: datetime) -> PolicyFacts:
    """Return the facts of whom a mail tells that an exemption has ended, as they are when it leaves.

    Raises NoLongerTrue for who is exempt again or can't get in, and for administrators and the help desk.
    """
    return _facts_if(to, User.role.not_in(PRIVILEGED), ~_is_exempt(now), now=now)


def facts_at_sending(to: str, until: datetime, *, now: datetime) -> PolicyFacts:
    """Return the facts of the recipient of a mail about the end of an exemption, as they are when it leaves.

    Raises NoLongerTrue if the exemption has ended meanwhile or has another end, or who has it can't get in.
    """
    return _facts_if(to, User.exempt_until == until, _is_exempt(now), now=now)


def _facts_if(to: str, *where: ColumnElement[bool], now: datetime) -> PolicyFacts:
    """Return the facts of whom a mail is to, who can get in and meets these conditions, or raise."""
    subject = find_subject_by_email(to, *where)
    if subject is None or not subject.user.is_open(now):
        raise outbox.NoLongerTrue
    return subject.facts


def _is_exempt(now: datetime) -> ColumnElement[bool]:
    return conditions.is_exempt(conditions.of_user(), now)


def _ending(now: datetime, after: int) -> list[User]:
    soon = _is_exempt(now), User.exempt_until <= now + END_TOLD_BEFORE
    found = select(User).where(*soon, conditions.is_open(now), User.id > after)
    return list(db.session.scalars(found.order_by(User.id).limit(BATCH)))


def _ended(now: datetime, after: int) -> list[User]:
    lately = User.exempt_until <= now, User.exempt_until > now - TOLD_AFTER, User.role.not_in(PRIVILEGED)
    found = select(User).where(*lately, conditions.is_open(now), User.id > after)
    return list(db.session.scalars(found.order_by(User.id).limit(BATCH)))


def _tell(ending: Iterable[User], mail: outbox.Mail, now: datetime) -> int:
    """Queue this mail to those who have not had it for this last day."""
    return sum(_tell_of(until, people, mail, now) for until, people in _by_end(ending).items())


def _tell_givers(ending: Iterable[User], now: datetime) -> int:
    mails = 0
    for until, people in _by_end(ending).items():
        if until > now + GIVER_TOLD_BEFORE:
            givers = _administrators((user.exempt_by or "" for user in people), now)
            mails += _tell_of(until, givers, outbox.Mail.EXEMPTIONS_END, now)
    return mails


def _tell_of(until: datetime, users: Sequence[User], mail: outbox.Mail, now: datetime) -> int:
    about = days.day_of(until).isoformat()
    return notices.mail_once(mail, users, about, now=now, until=until.isoformat())


def _by_end(ending: Iterable[User]) -> dict[datetime, list[User]]:
    people: dict[datetime, list[User]] = defaultdict(list)
    for user in ending:
        if user.exempt_until is not None:
            people[user.exempt_until].append(user)
    return people


def _administrators(addresses: Iterable[str], now: datetime) -> list[User]:
    """Return those of these who are administrators and can log in."""
    keys = {email_addresses.key_of(address) for address in addresses}
    found = select(User).where(User.email_key.in_(keys), User.role == Role.ADMIN, conditions.is_open(now))
    return list(db.session.scalars(found.order_by(User.id)))
