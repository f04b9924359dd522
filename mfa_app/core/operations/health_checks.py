"""Health checks: whether this installation can serve. Problems are data; their sentences are elsewhere."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.core.audit import anchors
from mfa_app.core.common import clock, database_errors, schema
from mfa_app.core.common.database_errors import Obstacle
from mfa_app.core.common.schema import Fit
from mfa_app.core.factors import break_glass
from mfa_app.core.operations import seal_check
from mfa_app.core.operations.write_proof import WriteProof, write_to_database, write_to_folders
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, OutboxMail
from mfa_app.models.connections import WrongEncoding
from mfa_app.models.database import database_time
from mfa_app.settings import Settings
from mfa_app.site import site

CLOCK_TOLERANCE = timedelta(minutes=5)

MAIL_STUCK_AFTER = timedelta(minutes=30)


class Problem(enum.Enum):
    """The problems that a check can find. Their sentences are in wording/health."""

    UNREACHABLE = enum.auto()
    WRONG_ENCODING = enum.auto()
    DISK_FULL = enum.auto()
    READ_ONLY = enum.auto()
    UNWRITABLE = enum.auto()
    FOLDER_UNWRITABLE = enum.auto()
    UNPREPARED = enum.auto()
    NEWER = enum.auto()
    KEYS_DO_NOT_FIT = enum.auto()
    TRAIL_KEY_CHANGED = enum.auto()
    SECRET_CHANGED = enum.auto()
    CLOCK_BEHIND = enum.auto()
    CLOCKS_APART = enum.auto()
    MAILS_STUCK = enum.auto()
    TRAIL_CUT = enum.auto()
    BREAK_GLASS_USED = enum.auto()


@dataclass(frozen=True)
class Check:
    """The result of one check: its name, the problem if there is one, and the facts for its sentence."""

    name: str
    problem: Problem | None = None
    facts: dict[str, object] = field(default_factory=dict)


def run_checks(settings: Settings, *, now: datetime) -> list[Check]:
    """Run every check and return the results. Checks that depend on a failed one are left out."""
    found = [_run_check("database", lambda name: _database(name, now))]
    if found[-1].problem is None:
        found.append(_run_check("migrations", _migrations))
    if found[-1].problem is None:
        found += [
            _run_check("keys", check_seals),
            _run_check("clock", lambda name: _clock(name, now)),
            _run_check("outbox", lambda name: _outbox(name, now)),
            _run_check("trail", lambda name: _trail(name, settings)),
            _run_check("break-glass codes", _break_glass),
        ]
    return [*found, _files("files", settings, now)]


def startup_blocker(settings: Settings) -> Check | None:
    """Return the problem that must keep the site from starting, or None.

    An unreachable database may come back, and an authenticator that was changed is one person's trouble.
    """
    stopping = {
        Problem.WRONG_ENCODING,
        Problem.UNPREPARED,
        Problem.NEWER,
        Problem.KEYS_DO_NOT_FIT,
        Problem.TRAIL_KEY_CHANGED,
    }
    return next((check for check in run_checks(settings, now=clock.now()) if check.problem in stopping), None)


def check_seals(name: str = "keys") -> Check:
    """Check that the keys open what the database holds, and that nobody has changed it."""
    seals = seal_check.check(db.session())
    if not seals.keys_fit:
        return Check(name, Problem.KEYS_DO_NOT_FIT)
    if seals.trail_key_changed:
        return Check(name, Problem.TRAIL_KEY_CHANGED)
    if seals.changed_for:
        return Check(name, Problem.SECRET_CHANGED, {"user": seals.changed_for[0]})
    return Check(name)


def _run_check(name: str, look: Callable[[str], Check]) -> Check:
    try:
        return look(name)
    except WrongEncoding as error:
        db.session.rollback()
        return Check(name, Problem.WRONG_ENCODING, {"encoding": error.encoding})
    except SQLAlchemyError as error:
        db.session.rollback()
        reason = database_errors.reason_of(error, db.engine.url)
        return Check(name, Problem.UNREACHABLE, {"kind": type(error).__name__, "reason": reason})


def _database(name: str, now: datetime) -> Check:
    """Ask the database for something, and prove now and then that it saves something too."""
    db.session.scalar(select(1))
    proof = site()[WriteProof]
    if not proof.is_fresh(name, now):
        try:
            write_to_database()
        except SQLAlchemyError as error:
            return _unwritable(name, error)
        proof.renew(name, now)
    return Check(name)


def _unwritable(name: str, error: SQLAlchemyError) -> Check:
    db.session.rollback()
    url = db.engine.url
    problem = {
        Obstacle.FULL: Problem.DISK_FULL,
        Obstacle.READ_ONLY: Problem.READ_ONLY,
        Obstacle.OTHER: Problem.UNWRITABLE,
    }[database_errors.obstacle_of(error)]
    facts: dict[str, object] = {
        "kind": type(getattr(error, "orig", None) or error).__name__,
        "reason": database_errors.reason_of(error, url),
        "place": database_errors.name_of(url),
        "is_file": db.engine.name == "sqlite",
    }
    return Check(name, problem, facts)


def _files(name: str, settings: Settings, now: datetime) -> Check:
    """Prove now and then that the site can write its own files: anchors, keys and mails."""
    proof = site()[WriteProof]
    if not proof.is_fresh(name, now):
        try:
            write_to_folders(settings)
        except OSError as error:
            facts: dict[str, object] = {"folder": error.filename, "reason": error.strerror}
            return Check(name, Problem.FOLDER_UNWRITABLE, facts)
        proof.renew(name, now)
    return Check(name)


def _migrations(name: str) -> Check:
    misfits = {Fit.OLDER: Problem.UNPREPARED, Fit.NEWER: Problem.NEWER}
    return Check(name, misfits.get(schema.fit(db.session.connection())))


def _clock(name: str, now: datetime) -> Check:
    """Compare the clock with the newest row of the trail: time can't run backwards."""
    newest = db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id.desc()).limit(1))
    earliest = max(clock.NOT_BEFORE, newest - CLOCK_TOLERANCE if newest else clock.NOT_BEFORE)
    if now < earliest:
        return Check(name, Problem.CLOCK_BEHIND, {"clock": now, "newest": newest or clock.NOT_BEFORE})
    return _clocks_apart(name) if db.engine.name == "postgresql" else Check(name)


def _clocks_apart(name: str) -> Check:
    """Compare the clocks of this machine and of the database server, which all nodes share."""
    here, there = clock.system_time(), database_time()
    apart: dict[str, object] = {"clock": here, "database": there}
    return Check(name, Problem.CLOCKS_APART, apart) if abs(here - there) > clock.CLOCK_SKEW else Check(name)


def _outbox(name: str, now: datetime) -> Check:
    """Report mails as stuck when one has waited 30 minutes and no later one has been sent.

    One address that rejects mail is not a problem of the site: it is shown with that user.
    """
    due = OutboxMail.sent_at.is_(None), OutboxMail.next_attempt_at.is_not(None)
    waits = and_(*due, OutboxMail.recipient_refused.is_(False))
    oldest = db.session.scalar(
        select(OutboxMail).where(waits).order_by(OutboxMail.created_at, OutboxMail.id).limit(1)
    )
    if oldest is None or oldest.created_at > now - MAIL_STUCK_AFTER:
        return Check(name)
    left_later = (OutboxMail.created_at > oldest.created_at, OutboxMail.sent_at.is_not(None))
    if db.session.scalar(select(OutboxMail.id).where(*left_later).limit(1)) is not None:
        return Check(name)
    waiting = db.session.scalar(select(func.count(OutboxMail.id)).where(waits))
    facts: dict[str, object] = {"waiting": waiting, "since": oldest.created_at, "error": oldest.last_error}
    return Check(name, Problem.MAILS_STUCK, facts)


def _trail(name: str, settings: Settings) -> Check:
    """Check that the trail still has the last anchored row. `audit verify` checks every row."""
    kept = anchors.read(settings)
    if not kept:
        return Check(name)
    found = db.session.scalar(select(AuditEvent.mac).where(AuditEvent.id == kept[-1].last))
    return Check(name) if found == kept[-1].mac else Check(name, Problem.TRAIL_CUT, {"row": kept[-1].last})


def _break_glass(name: str) -> Check:
    """Report that a break-glass code was used, until there are new ones."""
    used_at = break_glass.current_set().used_at
    return Check(name, Problem.BREAK_GLASS_USED, {"used_at": used_at}) if used_at else Check(name)
