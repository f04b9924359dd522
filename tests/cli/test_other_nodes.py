"""Commands know which other nodes run on the same PostgreSQL, and refuse what those could not bear."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from mfa_app.core.common import migrations, schema
from mfa_app.core.operations import nodes
from mfa_app.core.operations.nodes import GONE_AFTER, PREFIX
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Lease
from mfa_app.models.database import database_time
from mfa_app.settings import load_settings
from tests.support.databases import on_postgresql
from tests.support.terminal import Typist, done, refused
from tests.support.world import World


@pytest.fixture
def other_node(world: World, environment: dict[str, str]) -> World:
    """A world in which another node has just said that it runs."""
    with world.data():
        nodes.note_running(load_settings({**environment, "PORT": "9000"}))
    return world


def gone(world: World) -> None:
    """Let the time pass after which a node that says nothing is gone."""
    with world.data():
        db.session.execute(update(Lease).values(held_until=database_time()))


@on_postgresql
def test_a_node_is_known_until_it_has_said_nothing_for_25_seconds(other_node: World) -> None:
    settings = other_node.settings
    with other_node.data():
        (name,) = nodes.other_nodes(settings)
        assert name.endswith(":9000")
        nodes.note_running(settings)
        assert nodes.other_nodes(settings) == [name], "this node is no other"
        left = db.session.get_one(Lease, PREFIX + name).held_until - database_time()
        assert GONE_AFTER / 2 < left <= GONE_AFTER
    gone(other_node)
    with other_node.data():
        assert nodes.other_nodes(settings) == []


@on_postgresql
def test_a_note_from_a_clock_that_was_ahead_counts_for_nothing(other_node: World) -> None:
    settings = other_node.settings
    with other_node.data():
        db.session.execute(update(Lease).values(held_until=database_time() + timedelta(days=3)))
        assert nodes.other_nodes(settings) == []


@on_postgresql
def test_the_note_of_a_node_that_is_gone_is_kept_for_a_day(other_node: World) -> None:
    settings = other_node.settings
    for hours, kept in (23, 2), (25, 1):
        with other_node.data():
            others = Lease.name.endswith(":9000")
            ended = database_time() - timedelta(hours=hours)
            db.session.execute(update(Lease).where(others).values(held_until=ended))
            nodes.note_running(settings)
        assert other_node.count(Lease, Lease.name.startswith(PREFIX)) == kept


@on_postgresql
def test_restored_is_refused_while_another_node_runs(other_node: World, typed: Typist) -> None:
    other_node.linked_earlier("alice")
    other_node.log_in_and_wait("alice")
    assert ":9000. Stop it there, then run pg_restore again." in refused(typed("restored", "monday.dump"))
    assert other_node.count(AuthSession) == 1
    gone(other_node)
    assert "The keys match it" in done(typed("restored", "monday.dump"))


@on_postgresql
def test_an_upgrade_waits_until_nodes_that_it_would_break_are_stopped(
    other_node: World, typed: Typist
) -> None:
    with other_node.data():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0008'"))
    assert migrations.contractions_after("0008")
    assert ":9000, and it can't use the upgraded one. Stop it there first" in refused(typed("prepare"))
    with other_node.data():
        assert schema.revision(db.session.connection()) == "0008"


@on_postgresql
def test_a_rotation_says_which_nodes_need_the_new_key(other_node: World, typed: Typist) -> None:
    assert ":9000. Copy the keys to each of them now" in done(typed("keys", "rotate"))
    gone(other_node)
    assert "Copy the keys" not in done(typed("keys", "rotate"))


def test_on_sqlite_there_is_no_other_node(other_node: World) -> None:
    with other_node.data():
        assert nodes.other_nodes(other_node.settings) == []
    assert other_node.count(Lease) == 0
