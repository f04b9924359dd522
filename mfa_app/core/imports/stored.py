"""Imports that are kept: a file comes, is compared with the accounts, is looked at, and is saved by a job.

`reading.py` fills the rows, `saving.py` does what they say, and `import_job.py` is the job.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, or_, select

from mfa_app.core.common import text
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.after_commit import CommitObservers
from mfa_app.core.common.errors import ImportNotReady, ImportRunning, NotAllowed
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.imports import reading
from mfa_app.core.imports.people_file import PeopleFile
from mfa_app.core.imports.plan import BATCH, ImportOptions, Mode, Outcome, PlannedRow, Planner
from mfa_app.core.imports.state import NOT_SAVED, UNDER_WAY, State, note_actor, options_of
from mfa_app.extensions import db
from mfa_app.models import ImportRow, PeopleImport, User
from mfa_app.models.column_types import new_id

_OF_A_PAGE = PeopleImport.actor_kind != ActorKind.TERMINAL

_LATEST = (
    select(PeopleImport)
    .where(PeopleImport.state != State.DROPPED, or_(_OF_A_PAGE, PeopleImport.state == State.DONE))
    .order_by(PeopleImport.created_at.desc())
    .limit(1)
)

READ_AT_ONCE = 1000  # rows that are compared within the request; more are left to the job


class ImportObservers(CommitObservers):
    """Whom to tell when an import waits for its job."""


def upload(
    file: bytes,
    file_name: str,
    options: ImportOptions,
    *,
    invite: bool = False,
    actor: Actor,
    now: datetime,
) -> PeopleImport:
    """Keep a file of people, and return its import: READY if the file is small, else READING by the job.

    What the actor had uploaded before and has not saved is dropped. Raises ImportFileRefused, at once if the
    file is small or its headings are wrong; NotAllowed, SessionEnded.
    """
    actor.require(Permission.MANAGE_USERS)
    headings = PeopleFile(file).headings
    lines = max(file.count(b"\n"), file.count(b"\r"))
    planned = _planned_at_once(file, lines, options, actor)
    begin_change(actor, Permission.MANAGE_USERS)
    _drop_earlier(actor)
    an_import = PeopleImport(
        id=new_id(),
        state=State.READING,
        created_at=now,
        file_name=text.one_line(file_name)[:200],
        file=file,
        columns={column.value: heading for column, heading in headings.found.items()},
        ignored=list(headings.ignored),
        mode=options.mode,
        group_id=options.group_id,
        leavers=options.leavers,
        create_groups=options.create_groups,
        invite=invite,
        rows_done=0,
        rows_all=lines,
        counts={},
        creates=[],
    )
    note_actor(an_import, actor)
    db.session.add(an_import)
    if planned is None:
        ImportObservers.call_after_commit()
    else:
        reading.keep(an_import, planned)
    return an_import


def check_again(an_import: PeopleImport, *, actor: Actor, now: datetime) -> PeopleImport:
    """Compare the same file with the accounts once more, and return the import that takes this one's place.

    Raises ImportNotReady if this one was saved, or is about to be; and the same as `upload`.
    """
    actor.require(Permission.MANAGE_USERS)
    _require_own(an_import, actor)
    if an_import.state not in NOT_SAVED:
        raise ImportNotReady
    name, options, invite = an_import.file_name, options_of(an_import), an_import.invite
    return upload(an_import.file, name, options, invite=invite, actor=actor, now=now)


def find(import_id: str, *, actor: Actor) -> PeopleImport | None:
    """Return an import that was not dropped, or None. Raises NotAllowed."""
    actor.require(Permission.MANAGE_USERS)
    an_import = db.session.get(PeopleImport, import_id, populate_existing=True)
    return None if an_import is None or an_import.state == State.DROPPED else an_import


def latest(*, actor: Actor) -> PeopleImport | None:
    """Return the newest import of anyone that was not dropped. Raises NotAllowed.

    An import from the terminal counts only if it was saved.
    """
    actor.require(Permission.MANAGE_USERS)
    return db.session.scalars(_LATEST).first()


def rows(
    an_import: PeopleImport, outcome: Outcome | None = None, *, after: int = -1, limit: int = 50
) -> Sequence[ImportRow]:
    """Return rows of an import in the order of the file, beyond a position; with one outcome, or all."""
    found = select(ImportRow).where(ImportRow.import_id == an_import.id, ImportRow.position > after)
    if outcome is not None:
        found = found.where(ImportRow.outcome == outcome)
    return db.session.scalars(found.order_by(ImportRow.position).limit(limit)).all()


def all_rows(an_import: PeopleImport) -> Iterator[ImportRow]:
    """Yield all rows of an import in the order of the file; few are in memory at a time."""
    after = -1
    while some := rows(an_import, after=after, limit=BATCH):
        after = some[-1].position
        yield from some


def is_own(an_import: PeopleImport, actor: Actor) -> bool:
    """Return True if this actor has uploaded the file, and so may save it."""
    return (an_import.actor_kind, an_import.actor_id) == (actor.kind, actor.user_id)


def start(an_import: PeopleImport, *, spares_leavers: bool = False, actor: Actor, now: datetime) -> None:
    """Let the job save what was previewed. Only the person who uploaded the file can ask for it.

    With `spares_leavers` the people whom the file does not name keep their accounts after all.
    Raises ImportNotReady, ImportRunning, NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    _require_own(an_import, actor)
    db.session.refresh(an_import, ["state"])
    if an_import.state != State.READY:
        raise ImportNotReady
    require_none_under_way()
    note_actor(an_import, actor)
    an_import.state, an_import.spares_leavers = State.WAITING, spares_leavers
    ImportObservers.call_after_commit()


def require_none_under_way() -> None:
    """Raise ImportRunning if an import waits to be saved, or is being saved."""
    if db.session.scalar(select(exists().where(PeopleImport.state.in_(UNDER_WAY)))):
        raise ImportRunning


def drop(an_import: PeopleImport, *, actor: Actor) -> None:
    """Forget a file that has not been saved, with its rows. Only its owner can ask for that.

    Raises ImportNotReady, NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    _require_own(an_import, actor)
    db.session.refresh(an_import, ["state"])
    if an_import.state not in NOT_SAVED:
        raise ImportNotReady
    _drop(an_import)


def _planned_at_once(
    file: bytes, lines: int, options: ImportOptions, actor: Actor
) -> list[PlannedRow] | None:
    """Return what each row of a small file would do, or None if the job is to find out."""
    if lines > READ_AT_ONCE:
        return None
    if options.leavers or options.mode is Mode.REPLACE:  # who is missing may be everyone
        several = select(User.id).order_by(User.id).offset(READ_AT_ONCE).limit(1)
        if db.session.scalar(several) is not None:
            return None
    return list(Planner(options, actor).rows(PeopleFile(file)))


def _require_own(an_import: PeopleImport, actor: Actor) -> None:
    """Raise NotAllowed if somebody else has uploaded the file: it was compared for them, and is theirs."""
    if not is_own(an_import, actor):
        raise NotAllowed


def _drop_earlier(actor: Actor) -> None:
    own = PeopleImport.actor_kind == actor.kind, PeopleImport.actor_id.is_not_distinct_from(actor.user_id)
    for earlier in db.session.scalars(
        select(PeopleImport).where(*own, PeopleImport.state.in_(NOT_SAVED))
    ).all():
        _drop(earlier)


def _drop(an_import: PeopleImport) -> None:
    an_import.state, an_import.file = State.DROPPED, b""
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == an_import.id))
