"""Nodes: which machines serve this site on its PostgreSQL now. Each says so in the database while it runs."""

import socket
from datetime import timedelta

from sqlalchemy import delete, inspect, select

from mfa_app.core.common import schema
from mfa_app.core.common.clock import CLOCK_SKEW
from mfa_app.extensions import db
from mfa_app.models import Lease
from mfa_app.models.database import database_time, dialect_insert
from mfa_app.settings import Settings

BEAT = timedelta(seconds=10)
GONE_AFTER = timedelta(seconds=25)
KEPT = timedelta(days=1)  # the note of a node that is gone: a container has a new name at each start

PREFIX = "node "


def note_running(settings: Settings) -> int | None:
    """Note for 25 seconds that this node runs; commit. Return None on SQLite: a file lock says it there."""
    if db.engine.name == "sqlite":
        return None
    now = database_time()
    times = {"held_until": now + GONE_AFTER, "owner": schema.newest()}
    insert = dialect_insert(Lease).values(name=PREFIX + _name(settings), due_at=now, **times)
    # Each worker of the node comes here: one of them is enough.
    fresh = Lease.held_until.between(now + GONE_AFTER - BEAT / 2, now + GONE_AFTER + CLOCK_SKEW)
    db.session.execute(insert.on_conflict_do_update(index_elements=[Lease.name], set_=times, where=~fresh))
    gone = Lease.name.startswith(PREFIX), Lease.held_until < now - KEPT
    db.session.execute(delete(Lease).where(*gone))
    db.session.commit()
    return 1


def other_nodes(settings: Settings) -> list[str]:
    """Return the other nodes that run now, as host:port."""
    if db.engine.name == "sqlite" or not inspect(db.session.connection()).has_table(Lease.__tablename__):
        return []
    now = database_time()
    # A time further away was written when the server's clock was ahead of the present one.
    noted = Lease.held_until > now, Lease.held_until <= now + GONE_AFTER + CLOCK_SKEW
    running = select(Lease.name).where(Lease.name.startswith(PREFIX), *noted)
    names = {name.removeprefix(PREFIX) for name in db.session.scalars(running)}
    return sorted(names - {_name(settings)})


def _name(settings: Settings) -> str:
    return f"{socket.gethostname()[:80]}:{settings.port}"
