"""What is sent to the database while something happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from mfa_app.core.operations.site_values import StoredValues
from mfa_app.core.users.first_administrator import SetUpNoted
from mfa_app.extensions import db
from mfa_app.web.ui.passkeys import ALONE
from tests.support.browser import Visitor
from tests.support.site_parts import part_of
from tests.support.world import World

COMMIT, CHANGES = "COMMIT", frozenset({"INSERT", "UPDATE", "DELETE"})


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Give the list of the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    with world.app.app_context():
        engine = db.engine
    world.live_all()
    rules_were_asked(world)
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@contextmanager
def traffic(world: World) -> Iterator[list[str]]:
    """Give the list of the kinds of statements meanwhile, with COMMIT wherever a change is saved."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement.split()[0])

    def note_commit(_connection: Connection) -> None:
        if CHANGES.intersection(sent[_after_last_commit(sent) :]):
            sent.append(COMMIT)

    with world.app.app_context():
        engine = db.engine
    world.live_all()
    rules_were_asked(world)
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", note_commit)
    yield sent
    event.remove(engine, "before_cursor_execute", note)
    event.remove(engine, "commit", note_commit)


def rules_were_asked(world: World) -> None:
    """Let pages know already that the site is set up, what is stored for it, and if passkeys log in alone.

    They ask until there is an administrator, every ten seconds, and once a minute.
    """
    world.app.extensions[ALONE] = (world.clock(), False)
    part_of(world.app, SetUpNoted).seen = True
    with world.app.app_context():
        part_of(world.app, StoredValues).forget()
        part_of(world.app, StoredValues).known()


def _after_last_commit(sent: list[str]) -> int:
    return len(sent) - sent[::-1].index(COMMIT) if COMMIT in sent else 0


def cost(world: World, visitor: Visitor, path: str) -> list[str]:
    """Return the kinds of statements that it costs to open a page."""
    with statements(world) as sent:
        visitor.open(path)
    return [statement.split()[0] for statement in sent]
