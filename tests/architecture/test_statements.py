"""What a page costs: one SELECT says who asks and what holds; a stranger at the login costs nothing."""

from tests.support.statements import cost
from tests.support.world import World


def test_one_select_says_who_asks_and_what_holds(world: World) -> None:
    world.group("Finance", required=True)
    world.group("Everybody else")
    world.person("alice", groups_=("Finance", "Everybody else"))
    alice = world.link_and_wait("alice")
    assert cost(world, alice, "/") == ["SELECT"]


def test_the_last_use_of_a_session_is_written_once_a_minute(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    world.clock.advance(seconds=61)
    assert cost(world, alice, "/") == ["SELECT", "UPDATE"]
    assert cost(world, alice, "/") == ["SELECT"]


def test_a_stranger_at_the_login_costs_no_statement(world: World) -> None:
    assert cost(world, world.visitor(), "/login") == []


def test_a_forged_session_costs_one_select_and_writes_nothing(world: World) -> None:
    eve = world.visitor()
    eve.client.set_cookie("sid", "A" * 43)
    assert cost(world, eve, "/login") == ["SELECT"]


def test_a_page_that_is_not_there_costs_a_stranger_nothing(world: World) -> None:
    assert cost(world, world.visitor(), "/nowhere") == []
