"""Two nodes, each with a folder of its own, on one PostgreSQL behind PgBouncer, and nginx before both."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import make_url

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from tests.support.browser import Visitor
from tests.support.clock import SharedClock
from tests.support.databases import installed
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.nginx import Balancer, running_balancer
from tests.support.pgbouncer import running_pgbouncer
from tests.support.processes import children
from tests.support.served_site import Relay, ServedSite, log_of, started
from tests.support.variables import CHEAP, CHEAP_HASHES, HANDS
from tests.support.waiting import PATIENCE_SECONDS, wait_until
from tests.support.world import World

CONNECTIONS = 8  # to PostgreSQL, for both nodes: fewer than their threads


class Node:
    """One machine that serves the site: where it is reached without the balancer, and its processes."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._open = ExitStack()
        self.address = ""
        self.way = Flask("node")  # a browser asks it, and gets the answers of this node

    def start(self) -> None:
        """Serve the site, on another port than before."""
        application = "tests.support.served_node:app"
        self._program, self.address = self._open.enter_context(
            started(self.environment, application, wait=False)
        )
        wait_until(lambda: self._program.poll() is not None or self.readiness())
        assert self._program.poll() is None, self.log
        self.way.wsgi_app = Relay(self.address, behind_proxy=True)  # type: ignore[method-assign]  # Flask's way

    def stop(self) -> None:
        """End it as an engineer does, and don't wait for its end."""
        self._open.close()

    def kill(self) -> None:
        """End all its processes in the middle of whatever they do."""
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        self._program.wait()
        wait_until(lambda: not self.readiness())  # the last of its workers is gone, too

    def processes(self) -> list[int]:
        """Return gunicorn's own process and its workers."""
        first = int((Path(self.environment["MFA_INSTANCE_PATH"]) / "gunicorn.pid").read_text())
        return [first, *children(first)]

    def readiness(self) -> int:
        """Return the status of /readyz, asked on the machine itself, or 0 if nobody answers."""
        place = urlsplit(self.address).netloc
        with suppress(OSError), closing(http.client.HTTPConnection(place, timeout=PATIENCE_SECONDS)) as asked:
            asked.request("GET", "/readyz", headers={"Host": "localhost"})
            return asked.getresponse().status
        return 0

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return log_of(self.environment).read_text("utf-8")


class TwoNodes:
    """The world as the balancer shows it, and the way to either node."""

    def __init__(
        self, world: World, nodes: tuple[Node, Node], balancer: Balancer, mailbox: Mailbox, clock: SharedClock
    ) -> None:
        self.world, self.nodes, self.balancer, self.mailbox, self.clock = (
            world,
            nodes,
            balancer,
            mailbox,
            clock,
        )

    def linked(self, name: str) -> str:
        """Make a person who must use 2FA and linked an app 30 seconds ago; nobody is logged in afterwards."""
        self.world.linked(name, groups_=("Finance",))
        self.clock.advance(seconds=30)
        return name

    def visitor(self, node: int) -> Visitor:
        """Return a fresh browser that is led to this node."""
        return self.lead(self.world.visitor(), node)

    def at_the_code_page(self, name: str, node: int) -> Visitor:
        """Let somebody give the password at one node."""
        return self.world.password_given(name, self.visitor(node))

    def lead(self, visitor: Visitor, node: int) -> Visitor:
        """Let another balancer lead a browser to a node; its cookies are for both."""
        visitor.client.application = self.nodes[node].way
        return visitor

    def move(self, visitor: Visitor) -> Visitor:
        """Let that balancer lead a browser to the other node."""
        return self.lead(visitor, int(visitor.client.application is self.nodes[0].way))

    def node_of(self, process: int) -> Node:
        """Return the node to which a process belongs."""
        return next(node for node in self.nodes if process in node.processes())


@contextmanager
def two_nodes(folder: Path, templates: Path, postgresql: str) -> Iterator[TwoNodes]:
    """Serve one site at two nodes, with a clock that stands still and some jobs that are due every moment."""
    clock, mail, port = SharedClock(folder / "hands"), free_port(), free_port()
    with ExitStack() as stack:
        direct = stack.enter_context(installed(folder / "first", templates, postgresql))
        direct |= {**CHEAP_HASHES, HANDS: str(clock.hands), "MFA_TRUSTED_PROXY_HOPS": "1"}
        direct |= {"MFA_PUBLIC_URL": f"http://127.0.0.1:{port}", "MFA_SMTP_URL": f"smtp://127.0.0.1:{mail}"}
        name = make_url(direct["MFA_DATABASE_URL"]).database
        pattern = stack.enter_context(running_pgbouncer(postgresql, size=CONNECTIONS))
        pooled = {**direct, "MFA_DATABASE_URL": pattern.format(name=name)}
        mailbox = stack.enter_context(running_mail_server(mail))
        (folder / "second").mkdir()
        shutil.copy(folder / "first" / "keys", folder / "second" / "keys")
        first, second = Node(pooled), Node({**pooled, "MFA_INSTANCE_PATH": str(folder / "second")})
        for node in (first, second):
            stack.callback(node.stop)
            node.start()
        balancer = stack.enter_context(running_balancer(port, (first.address, second.address)))
        app = create_app(load_settings(direct), MAIL_IN_BACKGROUND=False, PASSWORD_HASH_COST=CHEAP)
        app.wsgi_app = Relay(balancer.address)  # type: ignore[method-assign]  # Flask's own way
        world = World.of(
            ServedSite(app, direct, balancer.address),
            clock,
            address="127.0.0.1",
            base_url=balancer.address,
        )
        yield TwoNodes(world, (first, second), balancer, mailbox, clock)
        with app.app_context():
            db.engine.dispose()
