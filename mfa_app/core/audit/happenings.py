"""Rows of the trail with the people in them as they are now, and the rows of one login as one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import aliased

from mfa_app.core.audit.events import AnsweredFor, Event
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Role, User
from mfa_app.models.column_types import LARGEST_ID
from mfa_app.models.row_facts import AnyEvent, EventFacts, columns_of

WHOLE_LOGIN = timedelta(minutes=1)

PAGE = 50

AHEAD = 10  # rows read beyond a page, to end it where it cuts no login

_PASSWORD, _CODE = Event.PASSWORD_ACCEPTED.label, Event.CODE_ACCEPTED.label
_BOTH = frozenset({_PASSWORD, _CODE})
_STEPS = {
    "password": frozenset({_PASSWORD}),
    "remembered device": frozenset({_PASSWORD}),
    "passkey alone": frozenset({_CODE}),
    "invitation": frozenset[str](),
}

_COLUMNS = columns_of(EventFacts, AuditEvent)
_ACTOR, _SUBJECT = aliased(User), aliased(User)


@dataclass(frozen=True)
class Person:
    """Someone whose account still exists, as it is now."""

    name: str
    email: str
    role: Role


@dataclass(frozen=True)
class Happening:
    """A row of the trail. `actor` and `subject` are None if it was no user, or if the account is gone.

    `parts` are the earlier rows of the login that this row completes, newest first.
    """

    row: AnyEvent
    actor: Person | None = None
    subject: Person | None = None
    parts: tuple["Happening", ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether people acted on their own account."""
        return self.row.actor_id is not None and self.row.actor_id == self.row.subject_id


@cache
def with_people() -> Select[Any]:
    """Return the SELECT of rows of the trail with their people, for `read`. Add conditions and order."""
    people = [column for who in (_ACTOR, _SUBJECT) for column in (who.id, who.name, who.email, who.role)]
    return (
        select(*_COLUMNS, *people)
        .select_from(AuditEvent)
        .outerjoin(_ACTOR, _ACTOR.id == AuditEvent.actor_id)
        .outerjoin(_SUBJECT, _SUBJECT.id == AuditEvent.subject_id)
    )


def read(found: Select[Any], **values: object) -> list[Happening]:
    """Return what a SELECT of `with_people` finds, with these values of its parameters. One statement."""
    return [_happening(row) for row in db.session.execute(found, values)]


def newest(found: Select[Any]) -> list[Happening]:
    """Return the newest of what a SELECT of `with_people` finds: a page, and a few rows more."""
    return read(found.order_by(AuditEvent.id.desc()).limit(PAGE + AHEAD))


def limit_of(before: int | None) -> int:
    """Return the number below which a page begins, whatever somebody typed. None: at the newest row."""
    return LARGEST_ID if before is None else max(0, min(before, LARGEST_ID))


def fold(happenings: Iterable[Happening]) -> list[Happening]:
    """Return what has a line of its own, newest first: password and code become parts of the login.

    They belong together if they are about one person, come from one browser, and are at most a minute apart.
    """
    lines: list[list[Happening]] = []
    logins: dict[object, tuple[list[Happening], set[str]]] = {}
    for happening in happenings:
        row = happening.row
        browser = row.subject_id, row.ip_address, row.user_agent
        line, missing = logins.get(browser, ([], set()))
        if row.event in missing and _belongs(row, line[0].row):
            missing.remove(row.event)
            line.append(happening)
            continue
        lines.append([happening])
        if row.event == Event.LOGIN_COMPLETED.label:
            logins[browser] = lines[-1], _steps(row)
    return [replace(whole, parts=tuple(parts)) for whole, *parts in lines]


def whole_logins(happenings: list[Happening], most: int) -> list[Happening]:
    """Return the newest of these, at most `most`, so that no login among them lacks steps that are given too.

    Where logins overlap all the time there is no such place. Then it returns `most`, and some steps of logins
    have lines of their own.
    """
    if len(happenings) <= most:
        return happenings
    place = {happening.row.id: at for at, happening in enumerate(happenings)}
    spans = [
        (place[login.row.id], place[login.parts[-1].row.id]) for login in fold(happenings) if login.parts
    ]
    fewest = 2 * most - len(happenings)
    for count in range(most, max(fewest, 1) - 1, -1):
        if not any(first < count <= last for first, last in spans):
            return happenings[:count]
    return happenings[:most]


def _happening(row: Row[Any]) -> Happening:
    facts, people = row[: len(_COLUMNS)], row[len(_COLUMNS) :]
    return Happening(EventFacts(*facts), actor=_person(people[:4]), subject=_person(people[4:]))


def _person(columns: tuple[Any, ...]) -> Person | None:
    user_id, name, email, role = columns
    return None if user_id is None else Person(name, email, Role(role))


def _steps(login: AnyEvent) -> set[str]:
    """Return the events that lead to a login by this method."""
    return set(_STEPS.get(str(login.details.get("method")), _BOTH))


def _belongs(row: AnyEvent, login: AnyEvent) -> bool:
    for_it = row.event != _CODE or row.details.get("purpose") == AnsweredFor.LOGIN
    return for_it and login.at - row.at <= WHOLE_LOGIN
