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


def test_a_connection_that_broke_while_it_rested_is_replaced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REST_SECONDS", 0)
    alice = alice_logged_in(world)
    end_all_connections(world)
    assert alice.open("/").status == 200


def test_a_connection_that_breaks_in_use_costs_one_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REST_SECONDS", 3600)
    alice = alice_logged_in(world)
    end_all_connections(world)
    assert [alice.open("/").status for _ in range(2)] == [503, 200]
