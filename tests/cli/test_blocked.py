"""`second-gate blocked ...`: who has to wait, and letting them try again."""

import pytest

from mfa_app.core.common.errors import PasswordLocked, Throttled
from mfa_app.core.throttling import counters, limits, networks
from mfa_app.core.throttling.limits import Limit
from tests.support.terminal import Typist, done, refused
from tests.support.world import World

NETWORK = "203.0.113.9"


def fail(world: World, limit: Limit, key: object) -> None:
    """Let attempts fail until the next one has to wait."""
    with world.data(), pytest.raises((Throttled, PasswordLocked)):
        while True:
            counters.charge(limit, key, now=world.clock())


@pytest.fixture
def blocked_alice(world: World) -> None:
    world.person("alice")
    fail(world, limits.PASSWORD_UNKNOWN_BROWSER, world.id_of("alice"))


@pytest.fixture
def blocked_office(world: World) -> None:
    fail(world, limits.PASSWORD_NETWORK, NETWORK)


@pytest.mark.usefixtures("blocked_alice", "blocked_office")
def test_everyone_who_has_to_wait_is_listed(typed: Typist) -> None:
    head, *rows = done(typed("blocked", "list")).splitlines()
    assert head.split()[:3] == ["WHO", "WHAT", "FAILED"]
    assert {row.split()[0] for row in rows} == {"alice@example.com", NETWORK}


def test_where_nobody_has_to_wait_the_list_says_so(typed: Typist) -> None:
    assert done(typed("blocked", "list")) == "Nobody is blocked.\n"


@pytest.mark.usefixtures("blocked_alice")
def test_a_person_is_let_try_again(world: World, typed: Typist) -> None:
    assert "can try again now" in done(typed("blocked", "lift", "Alice@example.com"))
    assert world.events("alice")[-1] == "throttle.cleared"
    assert world.password_given("alice").page.path == "/"


@pytest.mark.usefixtures("blocked_office")
@pytest.mark.parametrize("written", [NETWORK, f"{NETWORK}:4711", f"::ffff:{NETWORK}"])
def test_a_network_is_let_try_again(world: World, typed: Typist, written: str) -> None:
    done(typed("blocked", "lift", written))
    assert world.details("throttle.network_cleared") == {"network": NETWORK}
    with world.data():
        assert networks.charge(limits.PASSWORD_NETWORK, NETWORK, now=world.clock()).failures == 1


@pytest.mark.parametrize("who", ["alice@example.com", NETWORK])
def test_who_did_not_have_to_wait_is_told_so_and_leaves_no_row(world: World, typed: Typist, who: str) -> None:
    world.person("alice")
    before = world.events()
    assert done(typed("blocked", "lift", who)) == f"{who} wasn't blocked.\n"
    assert world.events() == before


def test_what_is_neither_a_person_nor_a_network_is_refused(typed: Typist) -> None:
    assert "IP address such as" in refused(typed("blocked", "lift", "office"))
    assert "no account" in refused(typed("blocked", "lift", "nobody@example.com"))
