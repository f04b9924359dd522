"""People as rows of a file that an import understands."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import csv_cells
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.permissions import Permission
from mfa_app.core.imports import cells
from mfa_app.core.policy.facts import find_subjects_by_id
from mfa_app.core.users import directory
from mfa_app.core.users.accounts import profile_of
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import User

COLUMNS = ("Email", "Name", "Groups", "Role", "Directory number", "Last day", "Enabled")

BATCH = 500


def export(filters: UserFilters, *, delimiter: str = ",", actor: Actor, now: datetime) -> Iterator[str]:
    """Record the download, and return the lines of the file: all people whom the list of users would show.

    The last column says of disabled accounts that they are: an import elsewhere lets none of these people in.
    Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    found = directory.all_found(filters, actor=actor, now=now)
    people = select(func.count()).select_from(found.subquery())
    record(Event.PEOPLE_EXPORTED, actor=actor, rows=db.session.scalars(people).one())
    return _lines(found, delimiter)


def _lines(found: Select[Any], delimiter: str) -> Iterator[str]:
    yield csv_cells.line(COLUMNS, delimiter)
    statement, after = found.order_by(User.email_key).limit(BATCH), ""
    while batch := db.session.execute(statement.where(User.email_key > after)).all():
        after = batch[-1].email_key
        subjects = find_subjects_by_id([row.id for row in batch])
        for subject in sorted(subjects, key=lambda subject: subject.user.email_key):
            groups = cells.group_cell(held.name for held in subject.groups)
            yield csv_cells.line(_cells(subject.user, groups), delimiter)


def _cells(user: User, groups: str) -> tuple[str, ...]:
    profile = profile_of(user)
    last_day = profile.last_day.isoformat() if profile.last_day else ""
    number, enabled = profile.directory_number or "", "no" if user.disabled_at else "yes"
    return profile.email, profile.name, groups, profile.role, number, last_day, enabled
