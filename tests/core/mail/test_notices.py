"""A mail that is sent once: each person is told once, and a year later that is forgotten."""

from datetime import timedelta

from mfa_app.core.mail.notices import first_time
from mfa_app.core.operations import housekeeping
from mfa_app.extensions import db
from tests.support.databases import both_databases
from tests.support.world import World


@both_databases
def test_everyone_is_told_once(world: World) -> None:
    world.people("alice", "bob", "eve")
    now = world.clock()
    with world.data():
        alice, bob, eve = (world.user(name).id for name in ("alice", "bob", "eve"))
        assert first_time([alice, bob], "reminder", "2026-11-27", now=now) == {alice, bob}
    with world.data():
        assert first_time([alice, bob, eve], "reminder", "2026-11-27", now=now) == {eve}
        assert first_time([alice], "reminder", "2026-11-28", now=now) == {alice}
        assert first_time([alice], "rule", "2026-11-27", now=now) == {alice}


def test_nobody_is_told_who_is_not_there(world: World) -> None:
    world.person("alice")
    with world.data():
        assert first_time([world.user("alice").id + 1], "reminder", "today", now=world.clock()) == set()
        assert first_time([], "reminder", "today", now=world.clock()) == set()


def test_who_was_not_told_after_all_can_be_told_again(world: World) -> None:
    world.person("alice")
    with world.data():
        alice = world.user("alice").id
        first_time([alice], "reminder", "today", now=world.clock())
        db.session.rollback()
        assert first_time([alice], "reminder", "today", now=world.clock()) == {alice}


def test_a_year_later_it_is_forgotten(world: World) -> None:
    world.person("alice")
    with world.data():
        alice, now = world.user("alice").id, world.clock()
        first_time([alice], "reminder", "today", now=now)
    with world.data():
        housekeeping.purge_expired(now=now + timedelta(days=364))
        assert first_time([alice], "reminder", "today", now=now) == set()
        housekeeping.purge_expired(now=now + timedelta(days=366))
        assert first_time([alice], "reminder", "today", now=now) == {alice}
