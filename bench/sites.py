"""The seeded sites of a run: one for each size, served, with people who are logged in."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from bench.browser import Browser
from bench.options import Options
from bench.people import ADMINISTRATOR
from bench.plan import Plan
from bench.seed import seed
from bench.servers import Server, serving_hello, serving_site
from bench.visitors import Accounts, log_in
from mfa_app.settings import load_settings

ACTIVE = 1000
WARM_LOGINS = 6
BESIDES = WARM_LOGINS + 4  # the administrator, who is signed in, and two whose statements are counted


@dataclass(frozen=True)
class Site:
    """A served site: how many people it has, the accounts that have not logged in yet, and two who have."""

    people: int
    environment: dict[str, str]
    server: Server
    accounts: Accounts
    staff: Browser
    administrator: Browser


@contextmanager
def all_sites(options: Options) -> Iterator[tuple[Server, list[Site]]]:
    """Seed the sites that are not there yet, and serve them; give them and the bare Flask, all warm."""
    with ExitStack() as stack:
        folder = options.folder or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="second-gate-bench-")
        )
        environments = [_seeded(Path(folder), people, options) for people in options.sizes]
        hello = stack.enter_context(serving_hello(environments[0]))
        servers = [stack.enter_context(serving_site(environment)) for environment in environments]
        yield hello, list(map(_warm, options.sizes, environments, servers))


def _seeded(folder: Path, people: int, options: Options) -> dict[str, str]:
    """Return the settings of a site with so many people, which is filled unless it is there."""
    kind = "postgresql" if options.server else "sqlite"
    instance = folder / f"{kind}-{people}"
    environment = {"MFA_INSTANCE_PATH": str(instance)}
    if options.server:
        environment["MFA_DATABASE_URL"] = _database(options.server, f"second_gate_bench_{people}")
    done = instance / "seeded"
    if not done.exists():
        print(f"A site with {people:,} people ({kind})", flush=True)
        now = datetime.now(UTC)
        seed(load_settings(environment), Plan(people, min(ACTIVE, people), options.trail, now))
        done.touch()
    return environment


def _database(server: str, name: str) -> str:
    """Make a database on a server unless it is there, and return its address."""
    url = make_url(server).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            create = "CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0"
            connection.execute(sql.SQL(create).format(sql.Identifier(name)))
    return url.set(database=name).render_as_string(hide_password=False)


def _warm(people: int, environment: dict[str, str], server: Server) -> Site:
    accounts = Accounts(min(ACTIVE, people))
    for _ in range(WARM_LOGINS):
        log_in(server.port, accounts.take()).close()
    staff, administrator = log_in(server.port, accounts.take()), log_in(server.port, ADMINISTRATOR)
    return Site(people, environment, server, accounts, staff, administrator)
