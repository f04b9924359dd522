"""Known networks: where many people share an IP address, more attempts are allowed than elsewhere."""

import pytest

from mfa_app.core.common.errors import Throttled
from mfa_app.core.throttling import blocked, limits, networks
from mfa_app.core.throttling.limits import KNOWN_NETWORK_FACTOR, Limit
from tests.support.browser import Visitor
from tests.support.world import PASSWORD, World

OFFICE, OFFICE_V6, ELSEWHERE = "203.0.113.9", "2001:db8:0:7::9", "198.51.100.9"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The settings of a company whose office is behind one address of either kind."""
    return {**environment, "MFA_KNOWN_NETWORKS": "203.0.113.8/29, 2001:db8:0:7::9/128"}


def attempts(world: World, limit: Limit, ip_address: str) -> int:
    """Return how many attempts from an IP address are allowed in a window."""
    for number in range(1000):
        try:
            networks.charge(limit, ip_address, now=world.clock())
        except Throttled:
            return number
    raise AssertionError("there is no limit")


@pytest.mark.parametrize("limit", networks.OF_NETWORKS)
def test_from_a_known_network_more_attempts_are_allowed(world: World, limit: Limit) -> None:
    with world.data():
        assert attempts(world, limit, ELSEWHERE) == limit.free_attempts
        assert attempts(world, limit, OFFICE) == limit.free_attempts * KNOWN_NETWORK_FACTOR
        assert attempts(world, limit, f"[{OFFICE_V6}]:443") == limit.free_attempts * KNOWN_NETWORK_FACTOR


def test_a_known_network_is_blocked_only_at_its_own_limit(world: World) -> None:
    with world.data():
        for _ in range(limits.PASSWORD_NETWORK.free_attempts):
            networks.charge(limits.PASSWORD_NETWORK, OFFICE, now=world.clock())
            networks.charge(limits.PASSWORD_NETWORK, ELSEWHERE, now=world.clock())
        assert [entry.network for entry in blocked.list_blocked(now=world.clock())] == [ELSEWHERE]
        attempts(world, limits.PASSWORD_NETWORK, OFFICE)
        assert {entry.network for entry in blocked.list_blocked(now=world.clock())} == {OFFICE, ELSEWHERE}


def mistype(visitor: Visitor, name: str) -> None:
    for _ in range(3):
        visitor.give_password(f"{name}@example.com", "not the right one at all")


def test_ten_people_of_an_office_who_mistype_three_times_each_shut_nobody_out(world: World) -> None:
    people = [f"alice{number}" for number in range(10)]
    world.people(*people, "bob")
    for name in people:
        mistype(world.visitor(address=OFFICE), name)
    assert world.visitor(address=OFFICE).give_password("bob@example.com", PASSWORD).path == "/"
