"""The job of imports: it reads large files, saves what was asked for, and invites the new people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import OperationalError

from mfa_app.core.audit import chain
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import ImportStale
from mfa_app.core.common.locks import lock_administration
from mfa_app.core.common.turns import taking_turns
from mfa_app.core.imports import reading, saving
from mfa_app.core.imports.plan import Outcome
from mfa_app.core.imports.state import UNDER_WAY, State, actor_of, note_refusal
from mfa_app.core.users import invitations
from mfa_app.extensions import db
from mfa_app.models import ImportRow, PeopleImport, User
from mfa_app.models.column_types import new_id
from mfa_app.models.database import rows_changed

INVITED_AT_ONCE = 500

# The terminal reads and saves what it has uploaded by itself; whatever it leaves behind is not taken up.
_OF_A_PERSON = PeopleImport.actor_kind == ActorKind.PERSON


def go_on(*, now: datetime) -> int:
    """Read, save and invite as long as anything waits; commit. Return how many imports were saved.

    An error of one import ends the run; the others go on in the next.
    """
    saved = 0
    while (an_import := _oldest(PeopleImport.state == State.READING, _OF_A_PERSON)) is not None:
        with _out_of_the_way_if_it_fails(an_import):
            if not reading.read(an_import):
                break
    while (an_import := _oldest(PeopleImport.state.in_(UNDER_WAY), _OF_A_PERSON)) is not None:
        with _out_of_the_way_if_it_fails(an_import):
            if not _save(an_import, now):
                break
        saved += an_import.state == State.DONE
    invite(now=now)
    return saved


@contextmanager
def _out_of_the_way_if_it_fails(an_import: PeopleImport) -> Iterator[None]:
    """Let an import that ends in an error be STALE, so that the next run doesn't meet the same error again.

    One of the database itself, such as a full disk, passes by itself: the next run tries again.
    """
    try:
        yield
    except OperationalError:
        raise
    except Exception:
        _end(an_import, ImportStale("failed"))
        raise


def _end(an_import: PeopleImport, refusal: ImportStale) -> None:
    """Let an import be STALE instead of what was begun; commit."""
    db.session.rollback()
    lock_administration()
    db.session.refresh(an_import)
    note_refusal(an_import, refusal)
    db.session.commit()


def invite(*, now: datetime) -> None:
    """Invite the new people of imports that asked for it and are saved; commit each batch."""
    for invited in taking_turns(partial(_invite_some, now)):
        if not invited:
            return


def _oldest(*where: ColumnElement[bool]) -> PeopleImport | None:
    found = select(PeopleImport).where(*where).order_by(PeopleImport.created_at, PeopleImport.id).limit(1)
    return db.session.scalars(found.execution_options(populate_existing=True)).first()


def _save(an_import: PeopleImport, now: datetime) -> bool:
    """Save an import, or let it be STALE; commit. Return False if another process has taken it over.

    A SAVING one was left by a process that has died, because the job runs once at a time: it saved nothing.
    """
    worker = new_id()
    mine = PeopleImport.id == an_import.id, PeopleImport.state.in_(UNDER_WAY)
    taken = rows_changed(update(PeopleImport).where(*mine).values(state=State.SAVING, worker=worker))
    db.session.commit()
    if not taken:
        return False
    try:
        batch = _save_if_still(an_import, worker, now)
    except ImportStale as refusal:
        _end(an_import, refusal)
        return True
    if batch is None:
        db.session.rollback()
        return False
    db.session.commit()
    chain.tell_of(batch)
    return True


def _save_if_still(an_import: PeopleImport, worker: str, now: datetime) -> chain.Batch | None:
    lock_administration()
    db.session.refresh(an_import)
    if (an_import.state, an_import.worker) != (State.SAVING, worker):
        return None
    return saving.save(an_import, now=now)


def _invite_some(now: datetime) -> bool:
    """Queue the next invitations of an import, and commit. Return False if nobody waits for one."""
    lock_administration()  # so that two processes take different people
    an_import = _oldest(PeopleImport.invited_up_to.is_not(None))
    if an_import is None:
        db.session.rollback()
        return False
    actor = actor_of(an_import)
    sender = Actor(actor.kind, actor.name, actor.user_id)
    rows = db.session.execute(
        select(ImportRow.position, ImportRow.user_id)
        .where(
            ImportRow.import_id == an_import.id,
            ImportRow.outcome == Outcome.NEW,
            ImportRow.position > an_import.invited_up_to,
        )
        .order_by(ImportRow.position)
        .limit(INVITED_AT_ONCE)
    ).all()
    users = db.session.scalars(select(User).where(User.id.in_([row.user_id for row in rows]))).all()
    waiting = [user for user in users if invitations.is_invitable(user, now)]
    invitations.mail_to_all(waiting, actor=sender, now=now)
    an_import.invited_up_to = rows[-1].position if rows else None
    db.session.commit()
    return True
