"""Leases: rows that let one process of all nodes do something at a time, by the time of the database server.

Locks of a session or a transaction would not do: PgBouncer lends a connection for one transaction, and a job
commits more than once. A lease ends by itself when its owner dies. A process that was stopped for longer than
its lease does not know that it has lost it, so a job must be harmless when two processes run it.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from mfa_app.core.common.clock import CLOCK_SKEW
from mfa_app.extensions import db
from mfa_app.models import Lease
from mfa_app.models.column_types import new_id
from mfa_app.models.database import database_time, insert_once, rows_changed

TERM = timedelta(seconds=30)
LONGEST = timedelta(minutes=10)  # a process that hangs must not keep a job from all others for ever

log = logging.getLogger(__name__)


class Holder:
    """Takes and keeps leases for this process.

    `in_application` returns the context in which a thread renews them, three times in each `term`.
    """

    def __init__(
        self, in_application: Callable[[], AbstractContextManager[object]], term: timedelta = TERM
    ) -> None:
        self._in_application = in_application
        self._term = term

    @property
    def owner(self) -> str:
        """Where this process runs, and which one it is: no other process has the same."""
        return f"{socket.gethostname()[:150]}:{os.getpid()}:{_mark(os.getpid())}"

    def take(
        self,
        name: str,
        *,
        again_after: timedelta | None = None,
        longest: timedelta | None = None,
        early: bool = False,
    ) -> bool:
        """Take a lease if nobody holds it; commit. Return True if it was taken.

        With `again_after` it must also be due, unless `early`, and is then due again after that time.
        `longest` is the most that `again_after` can be, if it varies.
        """
        now = database_time()
        conditions = [Lease.name == name, _is_over(Lease.held_until, self._term, now)]
        values: dict[str, object] = {"owner": self.owner, "held_until": now + self._term}
        if again_after is not None:
            values["due_at"] = now + again_after
            if not early:
                conditions.append(_is_over(Lease.due_at, longest or again_after, now))
        _make(name, self.owner, now)
        # Asked first, because a job that is not due is looked at far more often than it is run.
        free = db.session.scalar(select(Lease.name).where(*conditions)) is not None
        won = free and rows_changed(update(Lease).where(*conditions).values(values)) == 1
        db.session.commit()
        return won

    @contextmanager
    def leasing(
        self,
        name: str,
        *,
        again_after: timedelta | None = None,
        longest: timedelta | None = None,
        early: bool = False,
    ) -> Iterator[bool]:
        """Take a lease as take() does, and hold it while the block runs. Give False if it was not taken."""
        taken = self.take(name, again_after=again_after, longest=longest, early=early)
        with self.holding(name) if taken else nullcontext():
            yield taken

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Renew a lease that was taken while the block runs, for ten minutes at most; then give it back."""
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(name, ended), name=f"lease: {name}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
            self._hold_until(name, timedelta(0))

    def _keep(self, name: str, ended: threading.Event) -> None:
        for _turn in range(int(LONGEST / self._term) * 3):
            if ended.wait(self._term.total_seconds() / 3):
                return
            try:
                with self._in_application():
                    if not self._hold_until(name, self._term):
                        log.warning("The lease of %s has run out before it was renewed", name)
                        return
            except SQLAlchemyError as error:
                log.warning("The lease of %s could not be renewed: %s", name, type(error).__name__)

    def _hold_until(self, name: str, term: timedelta) -> bool:
        """Let the lease end after this time from now; commit. Return False if this process has lost it."""
        now = database_time()
        own = (Lease.name == name, Lease.owner == self.owner, Lease.held_until > now)
        renewed = rows_changed(update(Lease).where(*own).values(held_until=now + term)) == 1
        db.session.commit()
        return renewed


def seconds_until_free(name: str) -> float:
    """Return how long it is until a lease is due and free, or 0 if it is. Changes nothing."""
    now = database_time()
    times = db.session.execute(select(Lease.held_until, Lease.due_at).where(Lease.name == name)).first()
    db.session.rollback()
    return max((max(times) - now).total_seconds(), 0.0) if times else 0.0


def _is_over(
    moment: InstrumentedAttribute[datetime], longest: timedelta, now: datetime
) -> ColumnElement[bool]:
    """Return the condition that a time has come.

    One that is further away than it can be was written when the server's clock was ahead of the present one.
    """
    return or_(moment <= now, moment > now + longest + CLOCK_SKEW)


def _make(name: str, owner: str, now: datetime) -> None:
    """Make the row of a lease that nobody has taken yet."""
    if db.session.scalar(select(Lease.name).where(Lease.name == name)) is None:
        insert_once(Lease, name=name, owner=owner, held_until=now, due_at=now)


@cache
def _mark(_pid: int) -> str:
    """Return random letters for the process with this number. It is asked for, so that a fork has its own."""
    return new_id()[:8]
