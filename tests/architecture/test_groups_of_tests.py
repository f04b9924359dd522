"""Tests that share what takes long to start are one group, and pytest-xdist has to send it to one process."""

import pytest

from tests.support.world import World

HERE = "tests/architecture/test_groups_of_tests.py"


def test_pytest_xdist_knows_the_group_of_a_test(world: World, request: pytest.FixtureRequest) -> None:
    """It looks for it after ours have their groups, and writes it behind the id: pytest 9.2 hinders that."""
    world.person("alice")
    in_groups = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith(f"@{HERE}") is in_groups
