"""What administrators and the help desk do in a browser, and what other people notice of it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.world import World

pytestmark = pytest.mark.browser


def comes_in(world: World, window: Window, name: str) -> None:
    """Let somebody with an app pass both gates."""
    window.give_password(f"{name}@example.com")
    window.give_code(world.phones[name].code())
    window.is_in(name.capitalize())
    world.clock.advance(seconds=30)


def test_a_policy_tightened_while_somebody_is_logged_in_holds_at_the_next_click(
    world: World, new_window: Callable[..., Window]
) -> None:
    world.linked_earlier("carol")
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    alice, carol = new_window(), new_window()
    alice.give_password("alice@example.com")
    alice.is_in("Alice")
    comes_in(world, carol, "carol")
    carol.open("/admin/groups")
    carol.press("Switch on… Finance")
    carol.reads("At once: 1 person is asked for a code (1 must link an app first).")
    carol.press("Switch on for 1 person")
    alice.follow("Your account")
    alice.reads("Your group Finance requires 2-factor authentication.")
    alice.link()
    alice.sees("Your account")


def test_looking_at_the_preview_and_going_back_changes_nothing(world: World, window: Window) -> None:
    world.linked_earlier("carol")
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    comes_in(world, window, "carol")
    window.open("/admin/policy")
    window.field("Require 2-factor authentication").check()
    window.press("Continue")
    window.sees("Switch 2-factor authentication on for everyone?")
    window.press("Back")
    window.sees("Policy")
    assert "policy.changed" not in world.events()


def test_the_help_desk_can_neither_find_nor_reset_an_administrator(world: World, window: Window) -> None:
    world.person("alice")
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    comes_in(world, window, "dave")
    window.follow("Help desk")
    expect(window.page.get_by_role("link", name="Alice", exact=True)).to_be_visible()
    expect(window.page.get_by_role("link", name="Carol", exact=True)).to_have_count(0)
    for name in ("carol", "dave"):
        window.open(f"/admin/people/{world.id_of(name)}/reset")
        window.sees("Not for your account")


def test_the_help_desk_has_no_way_to_the_policy(world: World, window: Window) -> None:
    world.linked_earlier("dave")
    comes_in(world, window, "dave")
    window.follow("Help desk")
    expect(window.page.get_by_role("link", name="Policy")).to_have_count(0)
    window.open("/admin/policy")
    window.sees("Not for your account")


def test_after_twenty_minutes_administration_asks_for_a_fresh_code_and_goes_on(
    world: World, window: Window
) -> None:
    world.linked_earlier("carol")
    comes_in(world, window, "carol")
    window.open("/admin/people/new")
    world.clock.advance(minutes=20)
    window.open("/admin/people/new")
    window.sees("Confirm it's you")
    window.field("6-digit code").fill(world.phones["carol"].code())
    window.press("Confirm")
    window.sees("Add a person")


def test_an_administrator_finds_somebody_by_the_beginning_of_the_name(world: World, window: Window) -> None:
    world.linked_earlier("carol")
    for name in ("alice", "bob"):
        world.person(name)
    comes_in(world, window, "carol")
    window.open("/admin/people")
    window.field("Name or email address").fill("ali")
    window.press("Search")
    expect(window.page.get_by_role("link", name="Bob", exact=True)).to_have_count(0)
    window.follow("Alice")
    window.sees("Alice")


def test_a_disabled_person_is_out_at_the_next_click(world: World, new_window: Callable[..., Window]) -> None:
    world.linked_earlier("carol")
    world.person("alice")
    alice, carol = new_window(), new_window()
    alice.give_password("alice@example.com")
    alice.is_in("Alice")
    comes_in(world, carol, "carol")
    carol.open(f"/admin/people/{world.id_of('alice')}")
    carol.page.get_by_text("Disable…").click()
    carol.press("Disable the account")
    carol.reads("Account disabled for Alice. All access has ended.")
    alice.follow("Your account")
    alice.reads("Your session has ended. Log in again.")
