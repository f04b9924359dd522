"""A database server that ends its connections: whoever comes after a rest notices nothing."""

import pytest

from mfa_app.extensions import db
from mfa_app.models import connections
from tests.support.databases import END_CONNECTIONS, administration, on_postgresql
from tests.support.stories import alice_logged_in
from tests.support.world import World

pytestmark = on_postgresql


def end_all_connections(world: World) -> None:
    """Let the server end the connections of the site, as when it restarts."""
    with world.app.app_context():
        url = db.engine.url
    pattern = url.set(database="{name}").render_as_string(hide_password=False).replace("%7Bname%7D", "{name}")
    with administration(pattern) as connection:
        connection.execute(END_CONNECTIONS, {"name": url.database})


@pytest.mark.parametrize(
    ("rest", "statuses"), [(0, [200, 200]), (3600, [503, 200])], ids=["after a rest", "in use"]
)
def test_a_connection_that_broke_costs_a_request_unless_it_had_rested(
    world: World, monkeypatch: pytest.MonkeyPatch, rest: int, statuses: list[int]
) -> None:
    monkeypatch.setattr(connections, "REST_SECONDS", rest)
    alice = alice_logged_in(world)
    end_all_connections(world)
    assert [alice.open("/").status for _ in range(2)] == statuses
