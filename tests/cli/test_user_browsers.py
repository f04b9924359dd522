"""`second-gate users sessions`, `devices` and `end-access`: where somebody is logged in."""

import json

from tests.support.terminal import Typist, done
from tests.support.world import World

ALICE = "alice@example.com"


def test_sessions_and_devices_are_listed_with_their_browsers(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    assert done(typed("users", "sessions", ALICE)) == "alice@example.com is not logged in.\n"
    assert done(typed("users", "devices", ALICE)) == "No device is remembered for alice@example.com.\n"
    alice = world.log_in_and_wait("alice", remember=True)
    for command in ("sessions", "devices"):
        head, *rows = done(typed("users", command, ALICE)).splitlines()
        assert head.startswith("BROWSER")
        assert len(rows) == 1
        assert "192.0.2.1" in rows[0]
    assert "logged out everywhere" in done(typed("users", "end-access", ALICE))
    assert "is not logged in" in done(typed("users", "sessions", ALICE))
    assert "No device is remembered" in done(typed("users", "devices", ALICE))
    alice.open("/account")
    assert alice.page.path == "/login"


def test_they_are_facts_for_programs(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.log_in_and_wait("alice", remember=True)
    (session,) = json.loads(done(typed("users", "sessions", "alice@example.com", "--json")))
    assert list(session) == ["browser", "ip_address", "since", "last_used_at"]
    (device,) = json.loads(done(typed("users", "devices", "alice@example.com", "--json")))
    assert list(device) == ["browser", "ip_address", "last_used_at", "remembered_until"]
