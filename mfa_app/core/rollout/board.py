"""The board of a roll-out: who of a group, or of all, must still link, and how many that are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from mfa_app.core.common.page_keys import all_pages
from mfa_app.core.policy import conditions
from mfa_app.core.policy.conditions import FactColumns
from mfa_app.core.policy.crowd import people_where
from mfa_app.core.policy.decision import decide
from mfa_app.core.policy.facts import find_subjects_by_id, site_policy
from mfa_app.core.policy.individuals import with_own_dates
from mfa_app.core.policy.levels import Level
from mfa_app.core.rollout.duties import deadline
from mfa_app.extensions import db
from mfa_app.models import CohortCount, CohortGroup, Group, Membership, Notice, Progress, User
from mfa_app.models.column_types import Moment
from mfa_app.models.database import IDS, execute

PAGE = 50

REMINDER = "reminder"  # the kind of a notice

NOW: BindParameter[datetime] = bindparam("now")
GROUP_ID: BindParameter[int] = bindparam("group_id")

_LAST_REMINDED = (
    select(Notice.user_id, func.max(Notice.sent_at).label("last"))
    .where(Notice.kind == REMINDER, Notice.user_id.in_(IDS))
    .group_by(Notice.user_id)
)

# A stage and the id of a user, who may have nine digits: what is larger is no key.
SHAPE_OF_KEY = re.compile(rf"[0-{max(Progress):d}]-[0-9]{{1,9}}", re.ASCII)


@dataclass(frozen=True)
class Straggler:
    """Somebody who must link and has not. `link_by` is None if that is due now.

    `reminded_at`: when the last reminder was queued.
    """

    id: int
    name: str
    email: str
    progress: Progress
    link_by: datetime | None
    invited: bool
    refused: bool
    reminded_at: datetime | None


@dataclass(frozen=True)
class Page:
    """People who must still link, those first who got stuck, and the key of the next page, or None."""

    people: tuple[Straggler, ...] = ()
    after: str | None = None


def must_link(*, now: Moment) -> ColumnElement[bool]:
    """Return whether a User must link an app or add a passkey, now or later, and has neither.

    As `decision.will_be_required` says it, but by what the cohorts know of the groups. Who can't get in at
    all must do nothing.
    """
    return _must_link(site_policy().required, now)


def to_link(scope: Group | None, *, now: datetime) -> int:
    """Return how many people of a group, or of all (None), must still link: as many as `must_link`.

    They are summed up by cohorts. Only those with dates of their own, and those who can't get in, are looked
    at. Two SELECTs.
    """
    statement = _to_link(site_policy().required, scope is not None, db.engine.name)
    found = execute(statement, now=now, group_id=_id_of(scope)).one()
    return int(found.summed - found.closed + found.own)


def _must_link(everyone: bool, now: Moment) -> ColumnElement[bool]:
    """Return the condition of `must_link`, where the rule for everyone requires a second factor or not."""
    facts = conditions.of_user()
    free = ~conditions.is_exempt(facts, now), conditions.is_open(now)
    return and_(~User.linked, _is_asked(facts, User.cohort_id, everyone), *free)


@cache
def _to_link(everyone: bool, in_group: bool, _database: str) -> Select[Any]:
    """Return the SELECT of what is summed up, how many of these are closed, and who has dates of their own.

    Each database has one of its own, because `with_own_dates` differs.
    """
    crowd = select(people_where(true())).where(
        ~CohortCount.disabled,
        ~CohortCount.linked,
        ~CohortCount.exemption,
        _is_asked(conditions.of_cohort(), CohortCount.cohort_id, everyone),
    )
    no_dates = User.exempt_until.is_(None), User.link_by.is_(None)
    too_many = [~User.linked, User.disabled_at.is_(None), *no_dates]
    too_many += [_is_asked(conditions.of_user(), User.cohort_id, everyone)]
    lacking = [_must_link(everyone, NOW)]
    if in_group:
        of_group = select(CohortGroup.cohort_id).where(CohortGroup.group_id == GROUP_ID)
        crowd = crowd.where(CohortCount.cohort_id.in_(of_group))
        too_many, lacking = ([*each, User.cohort_id.in_(of_group)] for each in (too_many, lacking))
    # The conditions are no WHERE, so that each database finds these few people by their ids.
    without = select(func.count().filter(*too_many)).where(User.id.in_(_closed()))
    more = select(func.count().filter(*lacking)).where(User.id.in_(with_own_dates()))
    numbers = {"summed": crowd, "closed": without, "own": more}
    return select(*(one.scalar_subquery().label(name) for name, one in numbers.items()))


def _is_asked(facts: FactColumns, cohort: Any, everyone: bool) -> ColumnElement[bool]:
    """Return whether a rule, a role, a requirement or a reset asks for a second factor, now or later."""
    groups = select(CohortGroup.cohort_id).join(Group, Group.id == CohortGroup.group_id).where(Group.required)
    return true() if everyone else or_(conditions.is_due(facts), cohort.in_(groups))


def _closed() -> CompoundSelect[int]:
    """Return the SELECT of the ids of those, written so that each database reads two small indexes."""
    holder = aliased(User)
    over = holder.ends_at.is_not(None), holder.ends_at <= NOW
    return union_all(
        select(holder.id).where(holder.account_locked_at.is_not(None)), select(holder.id).where(*over)
    )


def stragglers(scope: Group | None, *, now: datetime, after: str | None = None) -> Page:
    """Return 50 of those who must still link.

    First who has seen a QR code, then who has logged in, then who never has; older accounts first. `after`
    is the key of the page before.
    """
    stage, last_id = _read_key(after)
    of_stage, group_id = _of_stage(site_policy().required, scope is not None), _id_of(scope)
    ids: list[int] = []
    for progress in range(stage, -1, -1):
        room = PAGE + 1 - len(ids)
        found = execute(of_stage, progress=progress, after=last_id, room=room, group_id=group_id, now=now)
        ids += found.scalars()
        last_id = 0
        if len(ids) > PAGE:
            break
    people = _described(ids[:PAGE], now)
    last = people[-1] if people else None
    return Page(people, f"{last.progress:d}-{last.id}" if last and len(ids) > PAGE else None)


def all_stragglers(scope: Group | None, *, now: datetime) -> Iterator[Straggler]:
    """Yield everyone who must still link, a page at a time."""
    for page in all_pages(lambda key: stragglers(scope, now=now, after=key)):
        yield from page.people


def _id_of(scope: Group | None) -> int | None:
    return None if scope is None else scope.id


def _read_key(after: str | None) -> tuple[int, int]:
    """Return the stage and the user after whom a page begins; the first page for what is no key."""
    stage, _, user_id = (after or "").partition("-")
    if SHAPE_OF_KEY.fullmatch(after or ""):
        return int(stage), int(user_id)
    return Progress.SAW_QR_CODE, 0


@cache
def _of_stage(everyone: bool, in_group: bool) -> Select[int]:
    """Return the SELECT of the ids of those who have come so far, in the order of the board."""
    found = select(User.id).where(User.progress == bindparam("progress"), _must_link(everyone, NOW))
    if in_group:
        found = found.join(Membership, Membership.user_id == User.id)
        found = found.where(Membership.group_id == GROUP_ID, ~Membership.linked)
    return found.where(User.id > bindparam("after")).order_by(User.id).limit(bindparam("room"))


def _described(ids: list[int], now: datetime) -> tuple[Straggler, ...]:
    subjects = {subject.user.id: subject for subject in find_subjects_by_id(ids)}
    reminded = {row.user_id: row.last for row in execute(_LAST_REMINDED, ids=ids)}
    return tuple(
        Straggler(
            id=user.id,
            name=user.name or user.email,
            email=user.email,
            progress=Progress(user.progress),
            link_by=deadline(decide(subject.facts, shown=Level.PASSWORD, now=now), now),
            invited=user.password_hash is None,
            refused=user.email_refused_at is not None,
            reminded_at=reminded.get(user.id),
        )
        for subject in (subjects[user_id] for user_id in ids if user_id in subjects)
        for user in [subject.user]
    )
