"""What is sent to the database while something happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from mfa_app.extensions import db
from tests.support.browser import Visitor
from tests.support.world import World


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Give the list of the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def cost(world: World, visitor: Visitor, path: str) -> list[str]:
    """Return the kinds of statements that it costs to open a page."""
    with statements(world) as sent:
        visitor.open(path)
    return [statement.split()[0] for statement in sent]
