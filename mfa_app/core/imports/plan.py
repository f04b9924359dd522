"""What each row of a file would do: compared with the accounts as they are now. Writes nothing."""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Select, select

from mfa_app.core.common import days, email_addresses, text
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import EmailAddress, name_key
from mfa_app.core.common.errors import ImportFileRefused, InvalidEmail
from mfa_app.core.common.lookalikes import lookalikes
from mfa_app.core.imports import cells
from mfa_app.core.imports.people_file import PeopleFile, TypedRow
from mfa_app.core.users.accounts import Profile, profile_of
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User

LONGEST_NAME, LONGEST_NUMBER, LONGEST_GROUP = 300, 40, 200

BATCH = 1000  # rows that are compared with the accounts at once


class Mode(enum.StrEnum):
    """What an import does with people who have an account, and with the members of one group.

    REPLACE also lets those leave the group whom the file does not name.
    """

    ADD = "add"
    UPDATE = "update"
    REPLACE = "replace"


class Outcome(enum.StrEnum):
    """What a row does. The last three are of people whom the file does not name."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"
    DISABLED = "disabled"
    KEPT = "kept"
    LEAVES = "leaves"


class Problem(enum.StrEnum):
    """Why a row is wrong, or why somebody is kept."""

    EMAIL = "email"
    DUPLICATE = "duplicate"
    LOOKALIKE = "lookalike"
    NAME = "name"
    NUMBER = "number"
    LAST_DAY = "last day"
    ROLE = "role"
    OTHER_ROLE = "other role"
    GROUP = "group"
    OWN_ACCOUNT = "own account"
    PRIVILEGED = "privileged"
    NOT_TICKED = "not ticked"
    DIRECTORY_SAYS_DISABLED = "disabled in the directory"


@dataclass(frozen=True)
class ImportOptions:
    """How a file is meant. `group_id` is the group of REPLACE. `leavers`: disable who is not in the file."""

    mode: Mode = Mode.UPDATE
    group_id: int | None = None
    leavers: bool = False
    create_groups: bool = False


@dataclass(frozen=True)
class PlannedRow:
    """What becomes of one person. `line` is 0 if the file does not name them.

    `key` is that of the address of a new person. `profile` is what the account is to have, `before` what it
    has, and `ends_at` when it ends now. `joins` are names of groups, and `creates` the keys of those that
    don't exist yet.
    """

    line: int
    outcome: Outcome
    email: str
    problem: Problem | None = None
    about: str = ""
    user_id: int | None = None
    profile: Profile | None = None
    before: Profile | None = None
    ends_at: datetime | None = None
    joins: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    key: str = ""


class WrongRow(Exception):
    """A row says something that can't be done."""

    def __init__(self, problem: Problem, about: str = "") -> None:
        self.problem, self.about = problem, about


@dataclass(frozen=True)
class _Present:
    """A user of an address, and the keys of the groups that the user is in."""

    user: User
    groups: frozenset[str]


@dataclass
class Planner:
    """Plans the rows of one file for one actor."""

    options: ImportOptions
    actor: Actor
    groups: dict[str, Group] = field(init=False)
    named: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.groups = {group.name_key: group for group in db.session.scalars(select(Group))}

    def rows(self, file: PeopleFile) -> Iterator[PlannedRow]:
        """Yield what each row does, then what becomes of people without a row.

        The accounts are read for some rows at a time. Raises ImportFileRefused, also where it isn't certain
        who is missing: a row with an address that can't be read may be anyone's.
        """
        unread = 0
        for planned in self._of_the_file(file):
            if planned.problem is Problem.EMAIL:
                unread = unread or planned.line
            yield planned
        if self.options.leavers or self.options.mode is Mode.REPLACE:
            if unread:
                raise ImportFileRefused("unread address", line=unread)
            if not self.named:
                raise ImportFileRefused("nobody named")
            yield from self._unnamed()

    def _of_the_file(self, file: PeopleFile) -> Iterator[PlannedRow]:
        rows = file.rows()
        while batch := list(islice(rows, BATCH)):
            yield from self._compared(batch)

    def _compared(self, batch: Sequence[TypedRow]) -> Iterator[PlannedRow]:
        addresses = [_address(row.email) for row in batch]
        present = _present_at([address.key for address in addresses if address is not None])
        for row, address in zip(batch, addresses, strict=True):
            try:
                yield self._row(row, address, present)
            except WrongRow as wrong:
                yield PlannedRow(row.line, Outcome.WRONG, row.email, wrong.problem, wrong.about)

    def _row(self, row: TypedRow, address: EmailAddress | None, present: dict[str, _Present]) -> PlannedRow:
        if address is None:
            raise WrongRow(Problem.EMAIL)
        if cells.is_disabled(row.enabled):
            raise WrongRow(Problem.DIRECTORY_SAYS_DISABLED)
        if address.key in self.named:
            raise WrongRow(Problem.DUPLICATE, str(self.named[address.key]))
        self.named[address.key] = row.line
        if (found := present.get(address.key)) is None:
            return self._new(row, address)
        if self.options.mode is Mode.ADD:
            return PlannedRow(row.line, Outcome.SAME, found.user.email, user_id=found.user.id)
        return self._present(row, found)

    def _new(self, row: TypedRow, address: EmailAddress) -> PlannedRow:
        email = address.shown
        if lookalikes(email):
            raise WrongRow(Problem.LOOKALIKE, ", ".join(lookalikes(email)))
        role = _role(row.role) or Role.STAFF
        if role not in self.actor.visible_roles():
            raise WrongRow(Problem.ROLE, row.role)
        name = _name(row.name) or email_addresses.name_from(email)
        profile = Profile(email, name, role, _last_day(row), _number(row.directory_number))
        joins = self._joins(row, frozenset())
        return PlannedRow(
            row.line,
            Outcome.NEW,
            email,
            profile=profile,
            joins=joins,
            creates=self._missing_of(joins),
            key=address.key,
        )

    def _present(self, row: TypedRow, found: _Present) -> PlannedRow:
        """Compare the row with an account. Empty cells change nothing, and no group is left."""
        user = found.user
        role, before = _role(row.role), profile_of(user)
        if role not in (None, user.role):
            raise WrongRow(Problem.OTHER_ROLE, row.role)
        after = replace(
            before,
            name=_name(row.name) or before.name,
            last_day=_last_day(row) or before.last_day,
            directory_number=_number(row.directory_number) or before.directory_number,
        )
        if after != before and not self.actor.may_act_on(user):
            raise WrongRow(Problem.OWN_ACCOUNT)
        if after.last_day != before.last_day and user.is_privileged:
            raise WrongRow(Problem.PRIVILEGED)
        joins = self._joins(row, found.groups)
        outcome = Outcome.CHANGED if joins or after != before else Outcome.SAME
        return PlannedRow(
            row.line,
            outcome,
            user.email,
            user_id=user.id,
            profile=after,
            before=before,
            ends_at=user.ends_at,
            joins=joins,
            creates=self._missing_of(joins),
        )

    def _missing_of(self, joins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in map(name_key, joins) if key not in self.groups)

    def _joins(self, row: TypedRow, held: frozenset[str]) -> tuple[str, ...]:
        names = cells.group_names(row.groups, self.groups)
        if self.options.mode is Mode.REPLACE:
            names += [group.name for group in self.groups.values() if group.id == self.options.group_id]
        joins = {name_key(name): name for name in names if name_key(name) not in held}
        for key, name in joins.items():
            if key not in self.groups and not self.options.create_groups:
                raise WrongRow(Problem.GROUP, name)
            if len(name) > LONGEST_GROUP or not text.is_readable(name):
                raise WrongRow(Problem.GROUP, name)
        return tuple(joins.values())

    def _unnamed(self) -> Iterator[PlannedRow]:
        if self.options.leavers:
            yield from self._leavers()
        if self.options.mode is Mode.REPLACE:
            yield from self._leaving()

    def _leavers(self) -> Iterator[PlannedRow]:
        for user in self._missing(select(User).where(User.disabled_at.is_(None))):
            kept = user.is_privileged or not self.actor.may_act_on(user)
            outcome, problem = (Outcome.KEPT, Problem.PRIVILEGED) if kept else (Outcome.DISABLED, None)
            yield _unnamed(user, outcome, problem)

    def _leaving(self) -> Iterator[PlannedRow]:
        members = select(Membership.user_id).where(Membership.group_id == self.options.group_id)
        for user in self._missing(select(User).where(User.id.in_(members))):
            may_leave = self.actor.may_loosen(user)
            outcome, problem = (Outcome.LEAVES, None) if may_leave else (Outcome.KEPT, Problem.OWN_ACCOUNT)
            yield _unnamed(user, outcome, problem)

    def _missing(self, people: Select[User]) -> Iterator[User]:
        """Yield those of these people whom the file does not name, by email address."""
        after, people = "", people.order_by(User.email_key).limit(BATCH)
        while batch := db.session.scalars(people.where(User.email_key > after)).all():
            after = batch[-1].email_key
            yield from (user for user in batch if user.email_key not in self.named)


def _unnamed(user: User, outcome: Outcome, problem: Problem | None) -> PlannedRow:
    profile = profile_of(user)
    return PlannedRow(
        0,
        outcome,
        user.email,
        problem,
        user_id=user.id,
        profile=profile,
        before=profile,
        ends_at=user.ends_at,
    )


def _address(cell: str) -> EmailAddress | None:
    try:
        return email_addresses.parse(cell)
    except InvalidEmail:
        return None


def _present_at(keys: Sequence[str]) -> dict[str, _Present]:
    """Return who has these addresses, with two SELECTs."""
    users = db.session.scalars(select(User).where(User.email_key.in_(keys))).all()
    held: dict[int, set[str]] = {user.id: set() for user in users}
    of_them = select(Membership.user_id, Group.name_key).join(Group).where(Membership.user_id.in_(held))
    for user_id, key in db.session.execute(of_them):
        held[user_id].add(key)
    return {user.email_key: _Present(user, frozenset(held[user.id])) for user in users}


def _role(cell: str) -> Role | None:
    role = cells.role_of(cell)
    if cell and role is None:
        raise WrongRow(Problem.ROLE, cell)
    return role


def _name(cell: str) -> str:
    name = text.one_line(cell)
    if len(name) > LONGEST_NAME or not text.is_readable(name):
        raise WrongRow(Problem.NAME)
    return name


def _number(cell: str) -> str | None:
    number = text.one_line(cell)
    if len(number) > LONGEST_NUMBER or not text.is_readable(number):
        raise WrongRow(Problem.NUMBER)
    return number or None


def _last_day(row: TypedRow) -> date | None:
    try:
        day = cells.day_of(row.last_day) if row.last_day else cells.day_before(row.end)
    except (ValueError, OverflowError):
        raise WrongRow(Problem.LAST_DAY, row.last_day or row.end) from None
    return None if day is not None and day > days.FARTHEST else day  # how some directories write "never"
