"""The site as eve reaches it: served by two processes, on either database."""

from collections.abc import Callable

import pytest

from tests.support.clock import SharedClock
from tests.support.databases import SQLITE_AND_POSTGRESQL
from tests.support.world import World


@pytest.fixture(params=SQLITE_AND_POSTGRESQL)
def backend(request: pytest.FixtureRequest) -> str:
    """Every attack is tried on both databases."""
    found: str = request.param
    return found


@pytest.fixture
def clock(shared_clock: SharedClock) -> SharedClock:
    return shared_clock


@pytest.fixture
def world(
    backend: str, clock: SharedClock, begun: Callable[[World], World], request: pytest.FixtureRequest
) -> World:
    """The served site as it was installed; for `inside`, the site in this process."""
    if request.node.get_closest_marker("inside"):
        return begun(World(request.getfixturevalue("app"), clock))
    served: World = request.getfixturevalue("served_world")
    return served
