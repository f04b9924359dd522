"""Death at every point of one thing that somebody does, each time from the same beginning."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from mfa_app.config import PROJECT_ROOT
from mfa_app.core import chain
from mfa_app.core.vault import vault
from mfa_app.extensions import db
from tests.browser import Visitor
from tests.world import World

COOKIES = ("form", "sid", "known")
MOST_POINTS = 200


class Reaper:
    """Kills a process at the first, the second, ... the last point of what it does."""

    def __init__(self, world: World, process: subprocess.Popen, folder: Path, kept: Path) -> None:
        self.world, self.process, self.folder, self.kept = world, process, folder, kept
        self.rows: dict[str, list] = {}

    def deaths_of(self, visitor: Visitor, path: str, **fields: str) -> Iterator[Visitor]:
        """Post a form of the visitor's page and die on the way, at each point once.

        After each death it gives the browser as it was when the form was sent: no answer has come.
        """
        page, jar = visitor.page, {name: visitor.cookie(name) for name in COOKIES if visitor.cookie(name)}
        order = {"path": path, "cookies": jar, "fields": {"csrf_token": page.value("csrf_token"), **fields}}
        sender = {"environ_base": visitor.environ, "headers": visitor.headers}
        for _point in self._deaths({**order, "sender": sender}):
            survivor = self.world.visitor()
            survivor.page = page
            for name, value in jar.items():
                survivor.client.set_cookie(name, value)
            yield survivor

    def deaths_of_command(self, *command: str) -> Iterator[int]:
        """Type a command and die on the way, at each point once."""
        yield from self._deaths({"command": command})

    def _deaths(self, order: dict) -> Iterator[int]:
        moment = self.world.clock.moment
        self._keep()
        for point in range(1, MOST_POINTS):
            self._put_back()
            self.world.clock.moment = moment
            ended = self._send({**order, "moment": moment.isoformat(), "point": point})
            if ended == 0:
                assert point > 1
                return
            assert ended == -signal.SIGKILL
            with self.world.data():
                assert chain.verify() is None
            yield point
        raise AssertionError("this never comes to its end")

    def _send(self, order: dict) -> int:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def _keep(self) -> None:
        """Keep all that lies in the instance folder and on the server."""
        with self.world.app.app_context():
            if db.engine.dialect.name == "postgresql":
                with db.engine.connect() as connection:
                    for table in db.metadata.sorted_tables:
                        found = connection.execute(table.select()).mappings()
                        self.rows[table.name] = [dict(row) for row in found]
            db.engine.dispose()
        shutil.copytree(self.folder, self.kept)

    def _put_back(self) -> None:
        """Put it back; nobody has the database open then, so that the next to open it recovers it."""
        with self.world.app.app_context():
            db.engine.dispose()
            shutil.rmtree(self.folder)
            shutil.copytree(self.kept, self.folder)
            vault().refresh()
            if self.rows:
                with db.engine.begin() as connection:
                    self._put_back_rows(connection)
                db.engine.dispose()

    def _put_back_rows(self, connection: Connection) -> None:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # the trail's triggers rest
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
        for table in db.metadata.sorted_tables:
            if self.rows[table.name]:
                connection.execute(table.insert(), self.rows[table.name])


@pytest.fixture
def reaper(world: World, environment: dict[str, str], tmp_path: Path) -> Iterator[Reaper]:
    """The one who ends a process in the middle of what it does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.dying"],
        cwd=PROJECT_ROOT,
        env={**inherited, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Reaper(world, process, Path(environment["MFA_INSTANCE_PATH"]), tmp_path / "kept")
        process.stdin.close()
