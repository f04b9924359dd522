"""Counts of people: their rows are summed up, held against the people themselves, and made right.

Triggers keep the counts (migration 0011), so they can be wrong only if someone has switched these off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Update,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from mfa_app.core.common.locks import lock_administration
from mfa_app.extensions import db
from mfa_app.models import (
    PRIVILEGED,
    Authenticator,
    CohortCount,
    CohortGroup,
    GroupCount,
    Membership,
    Passkey,
    SearchWord,
    User,
)
from mfa_app.models.database import rows_changed


@dataclass(frozen=True)
class _Counts:
    """A table of counts: what its rows are about, what they count, and the SELECT that counts it again."""

    model: type[Any]
    key: tuple[Any, ...]
    numbers: tuple[Any, ...]
    truth: Select[Any]


def _of_cohorts() -> _Counts:
    facts: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
        User.cohort_id,
        User.disabled_at.is_not(None),
        User.role.in_(PRIVILEGED),
        User.required,
        User.link_required,
        or_(User.exempt_until.is_not(None), User.link_by.is_not(None)),
        User.linked,
        User.opted_in,
        User.has_passkey,
    )
    key = (
        CohortCount.cohort_id,
        CohortCount.disabled,
        CohortCount.privileged,
        CohortCount.required,
        CohortCount.link_required,
        CohortCount.exemption,
        CohortCount.linked,
        CohortCount.opted_in,
        CohortCount.has_passkey,
    )
    truth: Select[Any] = select(*facts, func.count()).group_by(*facts)
    return _Counts(CohortCount, key, (CohortCount.people,), truth)


def _of_groups() -> _Counts:
    linked = func.sum(cast(User.linked, Integer))
    columns: tuple[Any, ...] = Membership.group_id, func.count(), linked
    truth = select(*columns).join(User, User.id == Membership.user_id).group_by(Membership.group_id)
    return _Counts(GroupCount, (GroupCount.group_id,), (GroupCount.members, GroupCount.linked), truth)


def sum_up() -> int:
    """Replace the rows of each count by their sum, and commit. Return how many rows fewer there are."""
    fewer = sum(_sum_up(counts) for counts in (_of_cohorts(), _of_groups()))
    db.session.commit()
    return fewer


def differences() -> int:
    """Return how many people and counts are not as the people's own rows have it. Reads every person."""
    found = [*_wrong(), *(_difference(counts) for counts in (_of_cohorts(), _of_groups()))]
    return sum(db.session.scalars(select(func.count()).select_from(rows.subquery())).one() for rows in found)


def recount() -> int:
    """Make all counts right; return how many people and counts were not. The caller commits.

    People can log in and link apps meanwhile: what a count lacks is added by one statement, which sees each
    change either with its count or not at all.
    """
    lock_administration()
    corrected = sum(rows_changed(correction) for correction in _corrections())
    for counts in (_of_cohorts(), _of_groups()):
        names = [column.key for column in (*counts.key, *counts.numbers)]
        added = insert(counts.model).from_select(names, _difference(counts)).returning(counts.model.id)
        corrected += len(db.session.execute(added).all())
    return corrected


def _sum_up(counts: _Counts) -> int:
    # Nothing equals NULL, so 0 stands for no cohort.
    comparable = [func.coalesce(cast(column, Integer), 0) for column in counts.key]
    several = select(*comparable).group_by(*comparable).having(func.count() > 1)
    if db.session.execute(several.limit(1)).first() is None:
        return 0
    lock_administration()  # else we and another process, or the end of a group, could wait for each other
    taken = delete(counts.model).where(tuple_(*comparable).in_(several))
    rows = db.session.execute(taken.returning(*counts.key, *counts.numbers)).all()
    sums = _sums([tuple(row) for row in rows], len(counts.key))
    names = [column.key for column in (*counts.key, *counts.numbers)]
    kept = [dict(zip(names, (*key, *numbers), strict=True)) for key, numbers in sums.items() if any(numbers)]
    if kept:
        db.session.execute(insert(counts.model), kept)
    return len(rows) - len(kept)


def _sums(rows: list[tuple[Any, ...]], key_length: int) -> dict[tuple[Any, ...], list[int]]:
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key, numbers = row[:key_length], row[key_length:]
        sums[key] = [sum(pair) for pair in zip(sums.get(key, [0] * len(numbers)), numbers, strict=True)]
    return sums


def _wrong() -> Iterator[Select[int]]:
    """Yield the SELECTs of the users, memberships and words whose own columns are wrong."""
    yield select(User.id).where(or_(User.linked != _has_factor(), User.has_passkey != _has(Passkey)))
    yield select(User.id).where(_misplaced())
    yield select(Membership.user_id).where(_has_other_facts())
    yield select(SearchWord.user_id).where(_has_other_key())


def _corrections() -> Iterator[Update]:
    """Yield the UPDATEs that put the columns of people right. Triggers then count these people again."""
    wrong, misplaced, *_copies = _wrong()
    yield update(User).where(User.id.in_(wrong)).values(linked=_has_factor(), has_passkey=_has(Passkey))
    yield update(User).where(User.cohort_id.is_not(None), ~_is_member()).values(cohort_id=None)
    touched = update(Membership).where(Membership.user_id.in_(misplaced))
    yield touched.values(group_id=Membership.group_id)  # lets the trigger look for the cohort again
    for model, wrong_copy, columns in (
        (Membership, _has_other_facts(), (User.email_key, User.linked)),
        (SearchWord, _has_other_key(), (User.email_key,)),
    ):
        of_user = {
            column.key: select(column).where(User.id == model.user_id).scalar_subquery() for column in columns
        }
        yield update(model).where(wrong_copy).values(of_user)


def _has_factor() -> ColumnElement[bool]:
    return or_(_has(Authenticator), _has(Passkey))


def _has(model: type[Authenticator | Passkey]) -> ColumnElement[bool]:
    return exists().where(model.user_id == User.id)


def _is_member() -> ColumnElement[bool]:
    return exists().where(Membership.user_id == User.id)


def _misplaced() -> ColumnElement[bool]:
    """Return the condition that a user's cohort hasn't exactly the user's groups."""
    of_cohort = exists().where(
        CohortGroup.cohort_id == User.cohort_id, CohortGroup.group_id == Membership.group_id
    )
    of_user = exists().where(Membership.user_id == User.id, Membership.group_id == CohortGroup.group_id)
    return or_(
        exists().where(Membership.user_id == User.id, ~of_cohort.correlate(User, Membership)),
        exists().where(CohortGroup.cohort_id == User.cohort_id, ~of_user.correlate(User, CohortGroup)),
    )


def _has_other_facts() -> ColumnElement[bool]:
    same = User.email_key == Membership.email_key, User.linked == Membership.linked
    return ~exists().where(User.id == Membership.user_id, *same).correlate(Membership)


def _has_other_key() -> ColumnElement[bool]:
    same = User.email_key == SearchWord.email_key
    return ~exists().where(User.id == SearchWord.user_id, same).correlate(SearchWord)


def _difference(counts: _Counts) -> Select[Any]:
    """Return the SELECT of the rows that would make these counts right."""
    noted = select(*counts.key, *(-number for number in counts.numbers))
    both = union_all(counts.truth, noted).subquery()
    key, numbers = list(both.c)[: len(counts.key)], list(both.c)[len(counts.key) :]
    sums = [func.sum(number) for number in numbers]
    return select(*key, *sums).group_by(*key).having(or_(*(number != 0 for number in sums)))
