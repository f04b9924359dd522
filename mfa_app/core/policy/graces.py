"""For whom the grace period of a rule is over at a time: for all, for nobody yet, or only for some.

The first and the last to come under a rule say so for nearly every rule, however many people there are.
"""

import enum
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)

from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, User

Bounds = tuple[datetime | None, datetime | None, bool]


Case = tuple[datetime, RuleValues]

# Those who are linked or aren't, who came under a rule until a time (or without one), or after it.
Stretch = tuple[bool, bool, datetime]

FEW = 50_000  # no more are counted of a side; if both have as many, those in grace are looked up


class Over(enum.Enum):
    """For whom of those who lack what a rule wants its grace period is over."""

    NOBODY = "nobody"
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True)
class Entries:
    """When people came under a rule, who have no app or passkey, and who have one.

    Each is the first time, the last, and whether somebody has no such time, and so no grace. Who is disabled
    or exempt counts too: that can only make SOME of the other answers.
    """

    unlinked: Bounds
    linked: Bounds

    def over(self, values: RuleValues, at: datetime) -> Over:
        """Return for whom the grace of a rule with these values is over.

        One that wants a passkey also concerns those who are linked: they may have only an app.
        """
        since = at - values.grace
        bounds = [self.unlinked, self.linked] if values.passkey_only else [self.unlinked]
        lasts = [last for _first, last, _timeless in bounds if last is not None]
        if not values.grace_days or not lasts or max(lasts) <= since:
            return Over.ALL
        firsts = [first for first, _last, _timeless in bounds if first is not None]
        timeless = any(timeless for _first, _last, timeless in bounds)
        return Over.SOME if timeless or min(firsts) <= since else Over.NOBODY


class Graces:
    """The entries under a previewed rule, the one for everyone, and those of other groups that have grace.

    One SELECT, which reads the ends of indexes.
    """

    def __init__(self, scope: Group | None, everyone: RuleValues) -> None:
        self.key, self._everyone = scope.id if scope else None, everyone
        self._entries: dict[int | None, Entries] = {}
        self._others: dict[int | None, RuleValues] = {}
        self._few_over: dict[tuple[int | None, bool, datetime], bool] = {}
        for row in db.session.execute(union_all(_of_groups(scope), _of_everyone())):
            self._entries[row.id] = Entries(_bounds(row, "unlinked"), _bounds(row, "linked"))
            if row.id not in (None, self.key):
                self._others[row.id] = RuleValues(
                    required=True,
                    required_from=row.required_from,
                    grace_days=row.grace_days,
                    passkey_only=row.passkey_only,
                )

    @property
    def days(self) -> set[int]:
        """The grace periods that occur in other groups."""
        return {values.grace_days for values in self._others.values()}

    def runs(self, key: int | None, values: RuleValues, at: datetime) -> bool:
        """Return whether the sums count everybody as still in grace, under the previewed rule or everyone's.

        If grace is over for some only, the sums count all as the larger part, so that the smaller part is
        looked up.
        """
        over = self._entries[key].over(values, at)
        if over is not Over.SOME:
            return over is Over.NOBODY
        since = at - values.grace
        if (key, values.passkey_only, since) not in self._few_over:
            until, after = db.session.execute(select(*_sides(key, values.passkey_only, since))).one()
            self._few_over[key, values.passkey_only, since] = until < after
        return self._few_over[key, values.passkey_only, since]

    def running(self, at: datetime) -> list[int | None]:
        """Return the other groups whose rule is in force and has grace that is over for nobody."""
        return [key for key, values in self._others.items() if self._is(Over.NOBODY, key, values, at)]

    def others_are_partly_over(self, times: Iterable[datetime]) -> bool:
        """Return whether the grace of another group is over for some only, at one of these times."""
        others = self._others.items()
        return any(self._is(Over.SOME, key, values, at) for at in times for key, values in others)

    def matter(self, of: Case) -> bool:
        """Return whether it matters in a case that some grace is over for some only.

        It doesn't once the previewed rule, or the one for everyone, wants as much of all at once.
        """
        at, values = of
        rules = {None: self._everyone, self.key: values}
        settled = [rule for key, rule in rules.items() if self._is(Over.ALL, key, rule, at)]
        if any(rule.passkey_only for rule in settled):
            return False
        return any(rule.passkey_only or not settled for _key, rule in self._partly_over(of))

    def looked_up(self, cases: Iterable[Case]) -> dict[Stretch, list[int | None]]:
        """Return whom the sums may count wrongly in these cases: their own dates have to be looked at.

        These are stretches of the people under a rule, each with the keys of the rules.
        """
        ends: dict[tuple[int | None, bool, bool], datetime] = {}
        for at, values in cases:
            for key, rule in self._partly_over((at, values)):
                until = key not in self._others and self.runs(key, rule, at)
                moment, further = at - rule.grace, max if until else min
                for linked in (False, True) if rule.passkey_only else (False,):
                    ends[key, linked, until] = further(moment, ends.get((key, linked, until), moment))
        found = defaultdict(list)
        for (key, linked, until), moment in ends.items():
            found[linked, until, moment].append(key)
        return found

    def _partly_over(self, of: Case) -> list[tuple[int | None, RuleValues]]:
        at, values = of
        rules = {**self._others, None: self._everyone, self.key: values}
        return [(key, rule) for key, rule in rules.items() if self._is(Over.SOME, key, rule, at)]

    def _is(self, over: Over, key: int | None, values: RuleValues, at: datetime) -> bool:
        return values.in_force(at) and self._entries[key].over(values, at) is over


def came_under(joined: Any, until: bool, moment: datetime) -> ColumnElement[bool]:
    """Return whether a user came under a rule until a moment, or without a time; or else after it."""
    return or_(joined <= moment, joined.is_(None)) if until else joined > moment


def _sides(key: int | None, passkey_only: bool, moment: datetime) -> list[Any]:
    """Return how many came under a rule until a moment, and after it, of those it concerns; FEW at most."""
    everyone = key is None
    linked, joined = (User.linked, User.created_at) if everyone else (Membership.linked, Membership.joined_at)
    concerned = select(joined).where(linked.in_([False, True] if passkey_only else [False]))
    if not everyone:
        concerned = concerned.where(Membership.group_id == key)
    sides = (concerned.where(came_under(joined, until, moment)) for until in (True, False))
    return [select(func.count()).select_from(side.limit(FEW).subquery()).scalar_subquery() for side in sides]


def _bounds(row: Row[Any], who: str) -> Bounds:
    return row._mapping[f"first_{who}"], row._mapping[f"last_{who}"], bool(row._mapping[f"timeless_{who}"])


def _of_groups(scope: Group | None) -> Select[Any]:
    """Return the SELECT of the entries of the previewed group and of the others that have grace."""
    own = Group.id == scope.id if scope is not None else false()
    columns: list[Any] = [Group.id, Group.required_from, Group.grace_days, Group.passkey_only]
    both = ("unlinked", ~Membership.linked, true()), ("linked", Membership.linked, own | Group.passkey_only)
    for who, condition, wanted in both:
        members = select(Membership.joined_at).where(Membership.group_id == Group.id, condition)
        dated = members.where(Membership.joined_at.is_not(None))
        found = {
            "first": dated.order_by(Membership.joined_at).limit(1).scalar_subquery(),
            "last": dated.order_by(Membership.joined_at.desc()).limit(1).scalar_subquery(),
            "timeless": members.where(Membership.joined_at.is_(None)).exists(),
        }
        columns += [case((wanted, value)).label(f"{name}_{who}") for name, value in found.items()]
    return select(*columns).where(or_(own, and_(Group.required, Group.grace_days > 0)))


def _of_everyone() -> Select[Any]:
    """Return the SELECT of the entries of everyone: when the accounts were made."""
    columns: list[ColumnElement[Any]] = [null(), null(), null(), null()]
    for condition in (~User.linked, User.linked):
        created = select(User.created_at).where(condition).limit(1)
        first = created.order_by(User.created_at).scalar_subquery()
        columns += [first, created.order_by(User.created_at.desc()).scalar_subquery(), false()]
    return select(*columns)
