"""What each row of a file would do: compared with the accounts as they are now. Writes nothing."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import select

from mfa_app.core.common import days, email_addresses, text
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import name_key
from mfa_app.core.common.errors import ImportFileRefused, InvalidEmail
from mfa_app.core.common.lookalikes import lookalikes
from mfa_app.core.imports import cells
from mfa_app.core.imports.reader import PeopleFile, TypedRow
from mfa_app.core.users.accounts import Profile, profile_of
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, Role, User

LONGEST_NAME, LONGEST_NUMBER, LONGEST_GROUP = 300, 40, 200


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
    """What becomes of one person. `joins` are names of groups. `line` is 0 if the file does not name them."""

    line: int
    outcome: Outcome
    email: str
    problem: Problem | None = None
    about: str = ""
    user_id: int | None = None
    profile: Profile | None = None
    joins: tuple[str, ...] = ()


class WrongRow(Exception):
    """A row says something that can't be done."""

    def __init__(self, problem: Problem, about: str = "") -> None:
        self.problem, self.about = problem, about


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

        Raises ImportFileRefused, also where it isn't certain who is missing: a row with an address that can't
        be read may be anyone's.
        """
        unread = 0
        for row in file.rows():
            try:
                yield self._row(row)
            except WrongRow as wrong:
                unread = unread or (row.line if wrong.problem is Problem.EMAIL else 0)
                yield PlannedRow(row.line, Outcome.WRONG, row.email, wrong.problem, wrong.about)
        if not (self.options.leavers or self.options.mode is Mode.REPLACE):
            return
        if unread:
            raise ImportFileRefused("unread address", line=unread)
        if not self.named:
            raise ImportFileRefused("nobody named")
        if self.options.leavers:
            yield from self._leavers()
        if self.options.mode is Mode.REPLACE:
            yield from self._leaving()

    def _row(self, row: TypedRow) -> PlannedRow:
        try:
            address = email_addresses.parse(row.email)
        except InvalidEmail:
            raise WrongRow(Problem.EMAIL) from None
        if cells.is_disabled(row.enabled):
            raise WrongRow(Problem.DIRECTORY_SAYS_DISABLED)
        if address.key in self.named:
            raise WrongRow(Problem.DUPLICATE, str(self.named[address.key]))
        self.named[address.key] = row.line
        user = db.session.scalar(select(User).where(User.email_key == address.key))
        if user is None:
            return self._new(row, address.shown)
        if self.options.mode is Mode.ADD:
            return PlannedRow(row.line, Outcome.SAME, user.email, user_id=user.id)
        return self._present(row, user)

    def _new(self, row: TypedRow, email: str) -> PlannedRow:
        if lookalikes(email):
            raise WrongRow(Problem.LOOKALIKE, ", ".join(lookalikes(email)))
        role = _role(row.role) or Role.STAFF
        if role not in self.actor.visible_roles():
            raise WrongRow(Problem.ROLE, row.role)
        name = _name(row.name) or email_addresses.name_from(email)
        profile = Profile(email, name, role, _day(row.last_day), _number(row.directory_number))
        return PlannedRow(row.line, Outcome.NEW, email, profile=profile, joins=self._joins(row, set()))

    def _present(self, row: TypedRow, user: User) -> PlannedRow:
        """Compare the row with an account. Empty cells change nothing, and no group is left."""
        role, before = _role(row.role), profile_of(user)
        if role not in (None, user.role):
            raise WrongRow(Problem.OTHER_ROLE, row.role)
        after = replace(
            before,
            name=_name(row.name) or before.name,
            last_day=_day(row.last_day) or before.last_day,
            directory_number=_number(row.directory_number) or before.directory_number,
        )
        if after != before and not self.actor.may_act_on(user):
            raise WrongRow(Problem.OWN_ACCOUNT)
        if after.last_day != before.last_day and user.is_privileged:
            raise WrongRow(Problem.PRIVILEGED)
        held = select(Group.name_key).join(Membership).where(Membership.user_id == user.id)
        joins = self._joins(row, set(db.session.scalars(held)))
        outcome = Outcome.CHANGED if joins or after != before else Outcome.SAME
        return PlannedRow(row.line, outcome, user.email, user_id=user.id, profile=after, joins=joins)

    def _joins(self, row: TypedRow, held: set[str]) -> tuple[str, ...]:
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

    def _leavers(self) -> Iterator[PlannedRow]:
        for user in self._missing(select(User).where(User.disabled_at.is_(None))):
            kept = user.is_privileged or not self.actor.may_act_on(user)
            outcome, problem = (Outcome.KEPT, Problem.PRIVILEGED) if kept else (Outcome.DISABLED, None)
            yield PlannedRow(0, outcome, user.email, problem, user_id=user.id)

    def _leaving(self) -> Iterator[PlannedRow]:
        members = select(User).join(Membership).where(Membership.group_id == self.options.group_id)
        for user in self._missing(members):
            if self.actor.may_loosen(user):
                yield PlannedRow(0, Outcome.LEAVES, user.email, user_id=user.id)
            else:
                yield PlannedRow(0, Outcome.KEPT, user.email, Problem.OWN_ACCOUNT, user_id=user.id)

    def _missing(self, statement: object) -> Iterator[User]:
        people = db.session.scalars(statement.order_by(User.email_key))  # type: ignore[attr-defined]
        return (user for user in people if user.email_key not in self.named)


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


def _day(cell: str) -> date | None:
    try:
        day = cells.day_of(cell)
    except (ValueError, OverflowError):
        raise WrongRow(Problem.LAST_DAY, cell) from None
    return None if day is not None and day > days.FARTHEST else day  # how some directories write "never"
