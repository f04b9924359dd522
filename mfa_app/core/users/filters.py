"""What lists of people are filtered by: as conditions, as SELECTs of the few, and as counts that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, select, true

from mfa_app.core.common import scope, search_words
from mfa_app.core.policy import state_lists
from mfa_app.core.policy.crowd import people_where
from mfa_app.core.policy.state_lists import Listed
from mfa_app.core.policy.two_factor_state import TwoFactorState
from mfa_app.core.users import lookup
from mfa_app.extensions import db
from mfa_app.models import CohortCount, CohortGroup, Membership, Role, User
from mfa_app.models.database import unindexed

ENDS_SOON = timedelta(days=30)

RARE = 20_000  # rows of the rarest word, up to which its users are looked at for the other words


@dataclass(frozen=True)
class UserFilters:
    """What to search for. `text` is an email address, or beginnings or parts of words of names and addresses.

    `passkey`: only who has one. `state`: where people stand with 2FA, unless their second factors are locked.
    `to_link`: must link, now or later, and is neither locked nor ended. `stopped`: the second factors are
    locked. `active`: not disabled. `locked`: by their owners. `invited`: no password chosen yet. `ends_soon`:
    the last day is within 30 days.
    """

    text: str = ""
    group_id: int | None = None
    role: Role | None = None
    linked: bool | None = None
    passkey: bool = False
    state: TwoFactorState | None = None
    to_link: bool = False
    stopped: bool = False
    active: bool | None = None
    locked: bool = False
    invited: bool = False
    ends_soon: bool = False

    @property
    def are_counted(self) -> bool:
        """Whether the counts that triggers keep say how many people these filters find."""
        rare = self.text, self.state, self.to_link, self.stopped, self.locked, self.invited, self.ends_soon
        return not any(rare) and self.role in (None, Role.STAFF)

    @property
    def implied_linked(self) -> bool | None:
        """Whether everyone who is found has a second factor; None if that is not said."""
        if self.passkey or self.state in _LINKED:
            return True
        return False if self.to_link or self.state in _UNLINKED else self.linked


_LINKED = {TwoFactorState.ON, TwoFactorState.BY_CHOICE}
_UNLINKED = {TwoFactorState.LINK_NOW, TwoFactorState.LINK_LATER}

# Which filters the words mean that stand in addresses and are typed at the terminal.
BY_TWO_FACTOR: Mapping[str, Mapping[str, Any]] = {
    "to-link": {"to_link": True},
    **{state.value: {"state": state} for state in TwoFactorState},
    "stopped": {"stopped": True},
    "linked": {"linked": True},
    "passkey": {"passkey": True},
    "unlinked": {"linked": False},
}
BY_ACCOUNT: Mapping[str, Mapping[str, Any]] = {
    "active": {"active": True},
    "disabled": {"active": False},
    "locked": {"locked": True},
    "invited": {"invited": True},
    "ends-soon": {"ends_soon": True},
}


def listed_by(
    filters: UserFilters, seen: Sequence[ColumnElement[bool]] = (), *, now: datetime
) -> Iterator[Listed]:
    """Yield a list for each filter. A user is found who is on all of them, and meets the conditions `seen`.

    Those are asked here only so that the address of someone who is not seen finds what an unknown one finds.
    """
    if filters.text:
        yield _with_text(filters.text, seen)
    yield from _by_account(filters, now)
    yield from _by_factors(filters, now)
    if filters.role is not None:
        yield _equal(User.role, filters.role)
    if filters.group_id is not None:
        of_group = [Membership.group_id == filters.group_id]
        member = exists().where(Membership.user_id == User.id, *of_group)
        if filters.implied_linked is not None:
            of_group.append(Membership.linked == filters.implied_linked)
        yield Listed(member, (select(Membership.user_id).where(*of_group),))


def _by_account(filters: UserFilters, now: datetime) -> Iterator[Listed]:
    if filters.active is False:
        yield _few(User.disabled_at.is_not(None))
    if filters.active:
        yield Listed(User.disabled_at.is_(None), None)
    if filters.locked:
        yield _few(User.account_locked_at.is_not(None))
    if filters.invited:
        yield _few(User.password_hash.is_(None))
    if filters.ends_soon:
        ending = User.ends_at.is_not(None), User.ends_at > now, User.ends_at <= now + ENDS_SOON
        yield Listed(and_(*ending), (select(User.id).where(*ending),))


def _by_factors(filters: UserFilters, now: datetime) -> Iterator[Listed]:
    if filters.passkey:
        yield _equal(User.has_passkey, true())
    if filters.implied_linked is not None:
        listed = _equal(User.linked, true() if filters.implied_linked else false())
        yield listed if filters.linked is not None else replace(listed, candidates=None)
    if filters.state is not None:
        found = state_lists.in_state(filters.state, now=now)
        yield replace(found, condition=and_(found.condition, User.factors_locked_at.is_(None)))
    if filters.to_link:
        yield state_lists.still_to_link(now=now)
    if filters.stopped:
        stopped = User.factors_locked_at.is_not(None)
        yield Listed(stopped, (select(User.id).where(stopped),))


def count_kept(filters: UserFilters, roles: frozenset[Role], scope_of: int | None = None) -> int:
    """Return how many people of these roles, all or only staff, the filters find. One SELECT.

    `scope_of`: within the scope of this user. Only for filters that `are_counted`.
    """
    counted: list[Any] = []
    if filters.role is not None or roles != frozenset(Role):
        counted.append(~CohortCount.privileged)
    cohorts = select(CohortGroup.cohort_id)
    if filters.group_id is not None:
        counted.append(CohortCount.cohort_id.in_(cohorts.where(CohortGroup.group_id == filters.group_id)))
    if scope_of is not None:
        of_scope = CohortGroup.group_id.in_(scope.groups_of(scope_of))
        counted.append(CohortCount.cohort_id.in_(cohorts.where(of_scope)))
    if filters.linked is not None:
        counted.append(CohortCount.linked == filters.linked)
    if filters.passkey:
        counted.append(CohortCount.has_passkey)
    if filters.active is not None:
        counted.append(CohortCount.disabled == (not filters.active))
    return int(db.session.scalars(select(people_where(true())).where(*counted)).one())


def _with_text(text: str, seen: Sequence[ColumnElement[bool]]) -> Listed:
    """Return who has this email address, or else all words of the text. One or two SELECTs."""
    user_id = lookup.id_by_email(text, *seen) if "@" in text else None
    if user_id is not None:
        return Listed(User.id == user_id, (select(User.id).where(User.id == user_id),))
    words = search_words.typed(text)
    if not words:
        return Listed(false(), ())
    words, rows = search_words.rarest_first(words, up_to=RARE)
    found = search_words.users_with(words if rows < RARE else words[:1])
    return Listed(and_(*(search_words.has_word(User.id, word) for word in words)), (found,))


def _equal(column: Any, value: Any) -> Listed:
    """Return who has a value in a column that is in an index with the email address."""
    same = column == value
    return Listed(unindexed(column) == value, (select(User.id).where(same),), same)


def _few(condition: ColumnElement[bool]) -> Listed:
    """Return who meets the condition of a partial index that has them by email address."""
    return Listed(condition, (select(User.id).where(condition),), condition)
