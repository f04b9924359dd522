"""Limits: free tries, waits that double, an end; counted and committed before anybody looks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mfa_app.core.common import ip_addresses
from mfa_app.core.common.errors import AuthenticatorLocked, PasswordLocked, Refusal, Throttled
from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.limits import Limit
from mfa_app.extensions import db
from mfa_app.models import Throttle
from tests.support.databases import both_databases
from tests.support.world import World

pytestmark = both_databases
PEEK = Limit(
    "peek",
    3,
    timedelta(seconds=10),
    timedelta(seconds=60),
    lockout_after=9,
    lockout_error=AuthenticatorLocked,
)
WINDOW = Limit("room", 4, lockout_after=4, ttl=timedelta(minutes=10), fixed_window=True)
SHARED = replace(PEEK, name="shared", shared=True)


@pytest.fixture(autouse=True)
def data(world: World) -> Iterator[None]:
    """Stand in the database for the length of a test."""
    with world.data():
        yield


def charge(world: World, limit: Limit = PEEK, key: object = "alice") -> counters.Charge:
    return counters.charge(limit, key, now=world.clock())


def wait_until_next(world: World, limit: Limit = PEEK) -> float:
    """Return how many seconds the next try has to wait."""
    with pytest.raises(Throttled) as refused:
        charge(world, limit)
    return (refused.value.retry_at - world.clock()).total_seconds()


def test_the_first_tries_are_free_and_counted(world: World) -> None:
    assert [charge(world).failures for _ in range(3)] == [1, 2, 3]


def test_then_the_wait_doubles_up_to_the_longest(world: World) -> None:
    waits = []
    for _ in range(2):
        charge(world)
    for _ in range(5):
        charge(world)
        waits.append(wait_until_next(world))
        world.clock.advance(seconds=waits[-1])
    assert waits == [10, 20, 40, 60, 60]


def test_a_try_while_waiting_is_neither_counted_nor_does_it_lengthen_the_wait(world: World) -> None:
    for _ in range(3):
        charge(world)
    assert [wait_until_next(world) for _ in range(4)] == [10] * 4
    world.clock.advance(seconds=10)
    assert charge(world).failures == 4


def test_at_its_end_a_limit_says_what_it_is_made_to_say(world: World) -> None:
    for _ in range(9):
        charge(world)
        world.clock.advance(seconds=60)
    for _ in range(2):
        with pytest.raises(AuthenticatorLocked):
            charge(world)
        world.clock.advance(days=30)


@pytest.mark.parametrize(
    ("limit", "stop", "said"),
    [
        (limits.CODE, 50, AuthenticatorLocked),
        (limits.PASSWORD_UNKNOWN_BROWSER, 100, PasswordLocked),
        (limits.PASSWORD_UNKNOWN_USER, 100, PasswordLocked),
    ],
)
def test_codes_end_at_fifty_and_passwords_at_a_hundred(
    world: World, limit: Limit, stop: int, said: type[Refusal]
) -> None:
    charge(world, limit)
    db.session.execute(update(Throttle).values(failures=stop - 1))
    assert charge(world, limit).failures == stop
    world.clock.advance(hours=1)
    with pytest.raises(said):
        charge(world, limit)


@pytest.mark.parametrize(
    ("limit", "waits"),
    [
        (limits.CODE, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]),
        (limits.PASSWORD_UNKNOWN_BROWSER, [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]),
    ],
)
def test_the_waits_are_those_of_the_table(limit: Limit, waits: list[int]) -> None:
    assert [limit.wait_after(failures + 1).total_seconds() for failures in range(len(waits))] == waits


@pytest.mark.parametrize(
    "limit", [limits.CODE, limits.LINKING, limits.PASSWORD_UNKNOWN_BROWSER, limits.PASSWORD_KNOWN_BROWSER]
)
def test_the_database_computes_the_same_waits_as_the_table(world: World, limit: Limit) -> None:
    for failures in range(1, 16):
        assert charge(world, limit).failures == failures
        wait = limit.wait_after(failures)
        if wait:
            assert wait_until_next(world, limit) == wait.total_seconds()
        world.clock.advance(seconds=wait.total_seconds())


def test_a_success_forgives_all_failures_in_a_row(world: World) -> None:
    for _ in range(2):
        charge(world)
    counters.reset_after_success(charge(world))
    assert charge(world).failures == 1


def test_in_a_window_a_success_takes_back_only_itself(world: World) -> None:
    for _ in range(29):
        charge(world, limits.PASSWORD_NETWORK)
    counters.reset_after_success(charge(world, limits.PASSWORD_NETWORK))
    assert charge(world, limits.PASSWORD_NETWORK).failures == 30
    with pytest.raises(Throttled):
        charge(world, limits.PASSWORD_NETWORK)


def test_a_window_ends_ten_minutes_after_its_first_try(world: World) -> None:
    for _ in range(30):
        charge(world, limits.PASSWORD_NETWORK)
        world.clock.advance(seconds=10)
    assert wait_until_next(world, limits.PASSWORD_NETWORK) == 300
    world.clock.advance(seconds=300)
    assert charge(world, limits.PASSWORD_NETWORK).failures == 1


def test_a_limit_that_is_forgotten_begins_anew(world: World) -> None:
    for _ in range(5):
        charge(world, limits.LINKING)
    world.clock.advance(days=1)
    assert charge(world, limits.LINKING).failures == 1


def test_failures_with_a_code_are_never_forgotten_by_time(world: World) -> None:
    for _ in range(4):
        charge(world, limits.CODE)
    world.clock.advance(days=3000)
    assert charge(world, limits.CODE).failures == 5


def test_each_key_and_each_limit_has_its_own_counter(world: World) -> None:
    for _ in range(3):
        charge(world)
    assert charge(world, PEEK, "bob").failures == 1
    assert charge(world, limits.CODE, "alice").failures == 1


def charge_both(world: World) -> list[counters.Charge]:
    return counters.charge_all((WINDOW, "office"), (SHARED, "alice"), now=world.clock())


def standing() -> dict[str, int]:
    """Return how many failures stand in each counter."""
    return {row.key: row.failures for row in db.session.execute(select(Throttle.key, Throttle.failures))}


def test_two_limits_count_one_try_together(world: World) -> None:
    assert [[charged.failures for charged in charge_both(world)] for _ in range(2)] == [[1, 1], [2, 2]]
    assert standing() == {"room:office": 2, "shared:alice": 2}


def test_a_try_that_the_first_limit_refuses_does_not_count_under_the_second(world: World) -> None:
    for _ in range(WINDOW.free_attempts):
        charge(world, WINDOW, "office")
    with pytest.raises(Throttled):
        charge_both(world)
    assert standing() == {"room:office": WINDOW.free_attempts}


def test_a_try_that_the_second_limit_refuses_still_counts_under_the_first(world: World) -> None:
    for _ in range(SHARED.free_attempts):
        charge(world, SHARED, "alice")
    with pytest.raises(Throttled):
        charge_both(world)
    assert standing() == {"room:office": 1, "shared:alice": SHARED.free_attempts}


def test_a_success_takes_out_of_two_counters_no_more_than_its_own_tries(world: World) -> None:
    charge(world, WINDOW, "office")
    counters.reset_after_success(*charge_both(world))
    assert standing() == {"room:office": 1}
    counters.reset_after_success(*charge_both(world), own_failures=3)
    assert standing() == {"room:office": 1}


def test_what_is_given_back_neither_counts_nor_waits(world: World) -> None:
    for _ in range(2):
        charge(world)
    counters.undo(charge(world), charge(world, limits.PASSWORD_NETWORK))
    db.session.rollback()
    assert charge(world).failures == 3
    assert charge(world, limits.PASSWORD_NETWORK).failures == 1


def test_giving_back_ends_no_wait_of_another_try(world: World) -> None:
    charge(world)
    unseen, _seen = charge(world), charge(world)
    counters.undo(unseen)
    assert wait_until_next(world) == 10
    world.clock.advance(seconds=10)
    assert charge(world).failures == 3


def test_the_last_try_given_back_is_not_the_last(world: World) -> None:
    for _ in range(8):
        charge(world)
        world.clock.advance(seconds=60)
    counters.undo(charge(world))
    assert charge(world).failures == 9


def test_a_counter_can_be_cleared(world: World) -> None:
    for _ in range(3):
        charge(world)
    counters.clear(PEEK, "alice")
    assert charge(world).failures == 1


def test_a_charge_outlives_the_request_that_fails(world: World) -> None:
    charge(world)
    db.session.rollback()
    assert charge(world).failures == 2


def test_a_request_that_began_a_little_earlier_is_not_refused_for_that(world: World) -> None:
    charge(world, limits.PASSWORD_NETWORK)
    world.clock.advance(seconds=-1)
    assert charge(world, limits.PASSWORD_NETWORK).failures == 2


def test_a_request_that_began_a_little_earlier_does_not_jump_the_longest_wait(world: World) -> None:
    for _ in range(7):
        charge(world)
        world.clock.advance(seconds=60)
    charge(world)
    world.clock.advance(seconds=-1)
    assert wait_until_next(world) == 61


def test_a_clock_set_back_by_a_day_shuts_nobody_out_for_a_day(world: World) -> None:
    for _ in range(5):
        charge(world, limits.PASSWORD_UNKNOWN_BROWSER)
    world.clock.advance(days=-1)
    assert charge(world, limits.PASSWORD_UNKNOWN_BROWSER).failures == 6


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:50000", "2001:db8::"),
        ("[2001:db8::1]", "2001:db8::"),
        ("[::ffff:192.0.2.1]:443", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("", "unknown"),
        ("alice", "unknown"),
        ("203.0.113.9:", "unknown"),
        ("[203.0.113.9", "unknown"),
    ],
)
def test_what_counts_as_one_network(address: str, network: str) -> None:
    assert ip_addresses.network_of(address) == network
