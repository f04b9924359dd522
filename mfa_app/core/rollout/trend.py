"""The trend of a roll-out: how far people had come at the end of each day, shown by day or week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import exists, insert, select

from mfa_app.core.common import days
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.rollout import bars
from mfa_app.core.rollout.bars import Bar
from mfa_app.extensions import db
from mfa_app.models import Group, RolloutDay, User
from mfa_app.models.column_types import new_id

WEEKS = 26

BY_DAY = timedelta(days=14)  # a roll-out that is younger is shown by day, an older one by week


@dataclass(frozen=True)
class Point:
    """How far people had come at the end of a day."""

    day: date
    bar: Bar


def note_day(*, now: datetime) -> int:
    """Note how far the people of each group, and all, had come when the last day ended, unless that is done.

    Commits, and returns how many rows there were. All is counted before the lock is taken. The job does this
    in the first minute of a day. If the site was down then, nobody has come further meanwhile. A site that
    nobody had an account of on the last day has nothing to note.
    """
    midnight = days.start_of(days.day_of(now))
    ended = midnight - timedelta.resolution
    day = days.day_of(ended)
    noted = select(exists().where(RolloutDay.group_id.is_(None), RolloutDay.day == day))
    if db.session.scalar(noted) or not db.session.scalar(select(exists().where(User.created_at < midnight))):
        return 0
    each = [(None, bars.bar(None, now=ended)), *bars.of_each_group(now=ended).items()]
    db.session.rollback()  # reading is over: wait for the lock without a transaction
    lock_administration()
    groups = set(db.session.scalars(select(Group.id)))  # one may have been deleted meanwhile
    rows = [
        {"id": new_id(), "group_id": group_id, "day": day, "taken_at": now, **vars(bar)}
        for group_id, bar in each
        if group_id is None or group_id in groups
    ]
    if db.session.scalar(noted):
        db.session.rollback()
        return 0
    db.session.execute(insert(RolloutDay), rows)
    db.session.commit()
    return len(rows)


def points(scope: Group | None, *, now: datetime) -> tuple[Point, ...]:
    """Return the days that are shown of a group, or of all people (None), the oldest first.

    In the first two weeks that is each day, then the last day of each week, for half a year.
    """
    of_scope = RolloutDay.group_id.is_(None) if scope is None else RolloutDay.group_id == scope.id
    oldest = days.day_of(now) - timedelta(weeks=WEEKS)
    found = select(RolloutDay).where(of_scope, RolloutDay.day > oldest).order_by(RolloutDay.day)
    return _shown([Point(row.day, _bar(row)) for row in db.session.scalars(found)])


def _shown(noted: Sequence[Point]) -> tuple[Point, ...]:
    if not noted or noted[-1].day - noted[0].day < BY_DAY:
        return tuple(noted)
    return tuple({point.day.isocalendar()[:2]: point for point in noted}.values())


def _bar(row: RolloutDay) -> Bar:
    return Bar(row.people, row.logged_in, row.seen, row.linked, row.used)
