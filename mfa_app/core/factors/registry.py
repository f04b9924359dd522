"""The registry of second factors: what can pass the second gate, and the one question whether an answer does.

A new kind of factor is a class of its own here in core/factors, listed in `application.py`. No rule, no limit
and no step of a login knows a kind by name. Each kind has its own pages to be set up, and words in wording.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Delete, Update, bindparam, delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import AuthenticatorLocked, NotACode, RefusedAnswer, UsedCode
from mfa_app.core.policy.subject_facts import SubjectFacts
from mfa_app.extensions import db
from mfa_app.models import User
from mfa_app.models.database import execute, rows_changed, table_of
from mfa_app.models.fate import Table
from mfa_app.models.row_facts import FIRST_GATE, AnyUser
from mfa_app.site import site

_USERS = table_of(User)

_IF_LOCKED = select(_USERS.c.id).where(
    _USERS.c.id == bindparam("user_id"), _USERS.c.factors_locked_at.is_not(None)
)

# Accepts an answer that was right, and never again. Raises UsedCode, PasskeyRefused, AuthenticatorLocked.
Burn = Callable[[], None]


class Factor(ABC):
    """A kind of second factor.

    `name` is what the trail calls it. `amr` is what a session that used one says of it (RFC 8176). `table`
    holds the rows of users, by `user_id`. `recovers`: it stands in for a lost factor, so it remembers no
    device, and the user is asked to link a new app.
    """

    name: ClassVar[str]
    amr: ClassVar[frozenset[str]]
    table: ClassVar[type[Table]]
    recovers: ClassVar[bool] = False

    @abstractmethod
    def read(self, typed: str) -> str:
        """Return an answer as `check` takes it, without looking whether it is right. Raises NotACode."""

    def methods(self, answer: str) -> frozenset[str]:
        """Return what of `amr` this answer, which was accepted, adds to the session."""
        return self.amr

    @abstractmethod
    def check(self, subject: SubjectFacts, answer: str, *, session_id: str, now: datetime) -> Burn:
        """Return what burns this user's answer, and write nothing.

        `session_id` is the session that asks for it. Raises WrongCode, PasskeyRefused, CannotUnseal.
        """

    def note(self, refusal: RefusedAnswer) -> None:  # noqa: B027 - most note nothing
        """Note in this factor's rows what a refusal has told. It is saved with the refusal."""

    def tell(self, user: AnyUser, *, actor: Actor, now: datetime) -> None:  # noqa: B027 - most tell nothing
        """Tell the user by email, where that is needed, that an answer has been accepted."""


@dataclass(frozen=True)
class Reading:
    """An answer that can be one of this factor. Whether it is right is another question."""

    factor: Factor
    answer: str


@dataclass(frozen=True)
class Accepted:
    """What has passed the second gate: the factor, and its methods (RFC 8176)."""

    factor: Factor
    amr: frozenset[str]


class Factors:
    """All kinds of second factors of this site, in the order in which they read an answer."""

    def __init__(self, *factors: Factor) -> None:
        """Take the kinds. Raises ValueError for one that a session could not tell from a password alone."""
        for factor in factors:
            if not factor.amr or factor.amr & FIRST_GATE:
                raise ValueError(f"{factor.name} needs methods of its own (RFC 8176)")
        self._factors = factors

    def read(self, typed: str) -> Reading:
        """Return what somebody typed, as the first factor that can read it. Raises NotACode if none can.

        The refusal is that of the first factor: what most people meant to type.
        """
        refusals = []
        for factor in self._factors:
            try:
                return Reading(factor, factor.read(typed))
            except NotACode as refusal:
                refusals.append(refusal)
        raise refusals[0]

    def verify(
        self,
        subject: SubjectFacts,
        reading: Reading,
        *,
        session_id: str,
        lock: Callable[[], None],
        now: datetime,
    ) -> Accepted:
        """Check an answer that was given in a session, lock the user, and burn it. The limit is charged.

        Raises WrongCode, UsedCode, PasskeyRefused, AuthenticatorLocked, CannotUnseal.
        """
        burn = reading.factor.check(subject, reading.answer, session_id=session_id, now=now)
        lock()
        burn()
        return Accepted(reading.factor, reading.factor.methods(reading.answer))

    def delete_all(self, user_id: int) -> bool:
        """Delete all second factors of a user. Return False if there were none."""
        tables = dict.fromkeys(factor.table for factor in self._factors)
        return sum([rows_changed(_rows_of(table, user_id)) for table in tables]) > 0


def _rows_of(table: type[Table], user_id: int) -> Delete:
    owner: InstrumentedAttribute[int] = getattr(table, "user_id")  # noqa: B009 - as Factor.table says
    return delete(table).where(owner == user_id)


def unlocked(owner: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that the second factors of the user in this column are not locked."""
    return ~exists().where(_USERS.c.id == owner, _USERS.c.factors_locked_at.is_not(None))


def burn_once(accept: Update, *, user_id: int, **values: Any) -> None:
    """Accept an answer by an UPDATE that finds its row only while the answer is good and `unlocked` holds.

    Raises UsedCode, AuthenticatorLocked.
    """
    if execute(accept, **values).rowcount != 1:
        raise AuthenticatorLocked if execute(_IF_LOCKED, user_id=user_id).first() else UsedCode


def lock(user: AnyUser, *, now: datetime) -> None:
    """Lock all second factors of a user until the help desk resets them."""
    db.session.execute(update(User).where(User.id == user.id).values(factors_locked_at=now))


def factors() -> Factors:
    """Return the second factors of this site."""
    return site()[Factors]
