"""Death at every point of one thing that somebody does, each time from the same beginning."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mfa_app.core.audit import verification
from mfa_app.core.keys.vault import vault
from mfa_app.extensions import db
from tests.support.browser import Visitor
from tests.support.clock import FakeClock
from tests.support.tables import Rows, all_rows, put_back
from tests.support.world import World

COOKIES = ("form", "sid", "known")
MOST_POINTS = 200


class Deaths:
    """Kills a process at the first, the second, ... the last point of what it does.

    Most deaths leave behind what the death before has left; each state that they leave is given once. A state
    that was left never comes back: what was committed stays.
    """

    def __init__(
        self, world: World, process: subprocess.Popen[str], environment: dict[str, str], kept: Path
    ) -> None:
        self.world, self.process, self.environment, self.kept = world, process, environment, kept
        self.folder = Path(environment["MFA_INSTANCE_PATH"])
        self.rows: Rows = {}

    def of(self, visitor: Visitor, path: str, **fields: str) -> Iterator[Visitor]:
        """Post a form of the visitor's page and die on the way, at each point once.

        It gives the browser as it was when the form was sent: no answer has come.
        """
        page, jar = visitor.current, {name: value for name in COOKIES if (value := visitor.cookie(name))}
        order = {"path": path, "cookies": jar, "fields": {"csrf_token": page.value("csrf_token"), **fields}}
        sender = {"environ_base": visitor.environ, "headers": visitor.headers}
        for _point in self._deaths({**order, "sender": sender}):
            survivor = self.world.visitor()
            survivor.page = page
            for name, value in jar.items():
                survivor.client.set_cookie(name, value)
            yield survivor

    def of_command(self, *command: str) -> Iterator[int]:
        """Type a command and die on the way, at each point once."""
        yield from self._deaths({"command": command})

    def _deaths(self, order: dict[str, Any]) -> Iterator[int]:
        self._keep()
        clock = self.world.clock
        assert isinstance(clock, FakeClock)
        moment = clock.moment
        left: list[str] = []
        order |= {"environment": self.environment, "moment": moment.isoformat()}
        for point in range(1, MOST_POINTS):
            self._put_back()
            clock.moment = moment
            ended = self._send({**order, "point": point})
            if ended == 0:
                assert point > 1
                return
            assert ended == -signal.SIGKILL
            state = self._state()
            if state not in left[-1:]:
                assert state not in left
                left.append(state)
                yield point
        raise AssertionError("this never comes to its end")

    def _send(self, order: dict[str, Any]) -> int:
        orders, answers = self.process.stdin, self.process.stdout
        assert orders and answers
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        ended: int = json.loads(answers.readline())
        return ended

    def _state(self) -> str:
        """Recover what the dead process has left, check its trail, and return it: all rows, and the keys."""
        with self.world.data():
            assert verification.verify() is None
            return repr((list(all_rows(db.engine).values()), (self.folder / "keys").read_bytes()))

    def _keep(self) -> None:
        """Keep all that lies in the instance folder and on the server."""
        with self.world.app.app_context():
            self.rows = all_rows(db.engine)
            db.engine.dispose()
        shutil.copytree(self.folder, self.kept)

    def _put_back(self) -> None:
        """Put it back; nobody has the database open then, so that the next to open it recovers it."""
        with self.world.app.app_context():
            db.engine.dispose()
            shutil.rmtree(self.folder)
            shutil.copytree(self.kept, self.folder)
            vault().refresh()
            if db.engine.dialect.name == "postgresql":
                put_back(self.rows, db.engine, number_anew=False)
                db.engine.dispose()
