"""People as rows of a file that an import understands."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, func, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import csv_cells
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.permissions import Permission
from mfa_app.core.policy.facts import find_subjects
from mfa_app.core.users.accounts import profile_of
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, User

COLUMNS = ("Email", "Name", "Groups", "Role", "Directory number", "Last day")

BATCH = 500


def export(*, group: Group | None = None, actor: Actor) -> Iterator[str]:
    """Record the download, and return the lines of the file: all people, or the members of a group.

    Disabled accounts are left out: an import elsewhere would let these people in. Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    enabled = [User.disabled_at.is_(None)]
    if group is not None:
        enabled.append(User.id.in_(select(Membership.user_id).where(Membership.group_id == group.id)))
    people = select(func.count()).select_from(User).where(*enabled)
    record(Event.PEOPLE_EXPORTED, actor=actor, rows=db.session.scalars(people).one())
    return _lines(enabled)


def _lines(whom: Sequence[ColumnElement[bool]]) -> Iterator[str]:
    yield csv_cells.line(COLUMNS)
    statement = select(User.id, User.email_key).where(*whom).order_by(User.email_key).limit(BATCH)
    after = ""
    while batch := db.session.execute(statement.where(User.email_key > after)).all():
        after = batch[-1].email_key
        found = find_subjects(User.id.in_([row.id for row in batch]))
        for subject in sorted(found, key=lambda subject: subject.user.email_key):
            profile = profile_of(subject.user)
            names = "|".join(held.name for held in subject.groups)
            last_day = profile.last_day.isoformat() if profile.last_day else ""
            number = profile.directory_number or ""
            yield csv_cells.line((profile.email, profile.name, names, profile.role, number, last_day))
