"""The site behind PgBouncer in transaction mode, where each transaction may get another connection."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.models import AuthSession
from mfa_app.settings import load_settings
from tests.support.clock import SharedClock
from tests.support.pgbouncer import running_pgbouncer
from tests.support.served_site import at_once, served_site
from tests.support.terminal import done
from tests.support.variables import CHEAP_HASHES, HANDS
from tests.support.world import World

pytestmark = pytest.mark.postgres

PEOPLE, ROUNDS = 6, 2
COMMANDS = (
    ("prepare",),
    ("groups", "add", "Finance", "--require-2fa"),
    ("users", "add", "anna@example.com", "--group", "Finance"),
    ("audit", "verify"),
    ("jobs", "run"),
    ("restored", "monday.dump"),
)


@pytest.fixture(scope="module")
def behind(postgresql: str) -> Iterator[str]:
    """The pattern of the addresses behind PgBouncer, which has two connections for each database."""
    with running_pgbouncer(postgresql, size=2) as pattern:
        yield pattern


@pytest.fixture
def pooled(environment: dict[str, str], behind: str) -> dict[str, str]:
    """The settings of an installation whose database is reached through PgBouncer."""
    name = make_url(environment["MFA_DATABASE_URL"]).database
    return {**environment, "MFA_DATABASE_URL": behind.format(name=name)}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_everybody_logs_in_behind_pgbouncer(
    pooled: dict[str, str], shared_clock: SharedClock, hands: Path
) -> None:
    """The address says what PgBouncer's manual asks for; the settings drop it by its name."""
    address = {"MFA_DATABASE_URL": f"{pooled['MFA_DATABASE_URL']}&prepare_threshold=0"}
    environment = {**pooled, **address, **CHEAP_HASHES, HANDS: str(hands)}
    with served_site(environment, "tests.support.served_app:app") as site:
        world = World.of(site, shared_clock, address="127.0.0.1")
        names = [f"person{number}" for number in range(PEOPLE)]
        for name in names:
            world.person(name)

        def log_in(name: str) -> list[str]:
            return [world.password_given(name).page.path for _ in range(ROUNDS)]

        assert at_once(*[lambda name=name: log_in(name) for name in names]) == [["/"] * ROUNDS] * PEOPLE
        assert world.count(AuthSession) == PEOPLE * ROUNDS


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_with_a_single_connection_no_command_waits_for_itself(
    pooled: dict[str, str], postgresql: str
) -> None:
    with running_pgbouncer(postgresql, size=1) as pattern:
        name = make_url(pooled["MFA_DATABASE_URL"]).database
        settings = load_settings({**pooled, "MFA_DATABASE_URL": pattern.format(name=name)})
        app = create_app(settings)
        for words in COMMANDS:
            done(app.test_cli_runner().invoke(args=words))
        with app.app_context():
            db.engine.dispose()
