"""The bar of a roll-out: how many have come how far, of a group, of all, and of each group at once."""

from datetime import timedelta

import pytest

from mfa_app.core.rollout import bars
from mfa_app.core.rollout.bars import Bar
from mfa_app.models import Progress
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.stories import (
    alice_at_the_linking_page,
    alice_logged_in,
    alice_past_both_gates,
    alice_remembered,
)
from tests.support.world import World


def used(world: World) -> int:
    with world.data():
        return bars.bar(None, now=world.clock()).used


@both_databases
def test_each_step_of_the_bar_has_those_of_the_steps_after_it(world: World) -> None:
    world.group("Finance")
    world.group("Sales")
    world.group("Empty")
    world.people("alice", "bob", groups_=("Finance",))
    world.linked_earlier("eve", groups_=("Finance", "Sales"))
    world.linked_earlier("frank", groups_=("Finance",))
    world.person("grace")
    world.person("carol", groups_=("Finance",))
    with world.data():
        world.user("carol").disabled_at = world.clock()
        world.user("alice").progress, world.user("bob").progress = Progress.LOGGED_IN, Progress.SAW_QR_CODE
        today = world.clock().date()
        world.user("eve").second_factor_on = today - timedelta(days=29)
        world.user("frank").second_factor_on = today - timedelta(days=30)
    with world.data():
        now = world.clock()
        finance, sales, empty = (world.group_row(name) for name in ("Finance", "Sales", "Empty"))
        assert bars.bar(finance, now=now) == Bar(4, 4, 3, 2, 1)
        assert bars.bar(sales, now=now) == Bar(1, 1, 1, 1, 1)
        assert bars.bar(empty, now=now) == Bar()
        assert bars.bar(None, now=now) == Bar(5, 4, 3, 2, 1)
        assert bars.of_each_group(now=now) == {
            finance.id: bars.bar(finance, now=now),
            sales.id: bars.bar(sales, now=now),
        }


@both_databases
@pytest.mark.parametrize("story", [alice_past_both_gates, alice_remembered])
def test_a_second_factor_is_in_use_for_thirty_days_after_a_login_by_it(world: World, story) -> None:
    world.after(story)
    world.clock.advance(days=29)
    assert used(world) == 1
    world.clock.advance(days=1)
    assert used(world) == 0


def test_a_login_on_a_remembered_device_uses_the_second_factor(world: World) -> None:
    visitor: Visitor = world.after(alice_remembered)
    world.clock.advance(days=20)
    world.password_given("alice", visitor)
    world.clock.advance(days=20)
    assert used(world) == 1


@pytest.mark.parametrize("story", [alice_logged_in, alice_at_the_linking_page])
def test_a_login_without_a_second_factor_uses_none(world: World, story) -> None:
    world.after(story)
    with world.data():
        assert world.user("alice").second_factor_on is None


def test_a_password_alone_is_no_use_of_the_app_that_somebody_has(world: World) -> None:
    world.linked_earlier("bob")
    with world.data():
        world.user("bob").second_factor_on, world.user("bob").opted_in = None, False
    world.password_given("bob")
    with world.data():
        user = world.user("bob")
        assert (user.last_login_at, user.second_factor_on) == (world.clock(), None)
