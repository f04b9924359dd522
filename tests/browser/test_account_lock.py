"""People lock their account in a real browser, on a page or from an email, and are helped in again."""

from collections.abc import Callable

import pytest

from tests.support.chromium import Window
from tests.support.world import World

pytestmark = pytest.mark.browser
ALICE = "alice@example.com"


@pytest.fixture
def people(world: World) -> World:
    """Alice and dave of the help desk, who have an app."""
    world.linked_earlier("alice")
    world.linked_earlier("dave")
    return world


def locks_on_the_own_page(alice: Window) -> None:
    alice.open("/account")
    alice.page.locator("summary", has_text="Lock my account").click()
    alice.press("Yes, lock my account")
    alice.sees("Your account is locked")


def cannot_log_in(alice: Window) -> None:
    alice.give_password(ALICE)
    alice.reads("You locked this account on")


def is_helped(people: World, dave: Window) -> None:
    dave.goes_on_as(people.log_in_and_wait("dave"))
    dave.open(f"/admin/people/{people.id_of('alice')}")
    dave.follow("Open the account again")
    dave.field("I called back on the number in the directory").check()
    dave.field("Reason").fill("Called back on 4711")
    dave.press("Open the account again")
    dave.reads("The account of Alice is open again.")


def logs_in_with_a_code(people: World, alice: Window) -> None:
    alice.give_password(ALICE)
    alice.give_code(people.next_code("alice"))
    alice.is_in("Alice")


def test_from_the_own_page(people: World, new_window: Callable[..., Window]) -> None:
    alice, thief, dave = new_window(), new_window(), new_window()
    for window in (alice, thief):
        window.goes_on_as(people.log_in_and_wait("alice"))
    thief.open("/account")
    locks_on_the_own_page(alice)
    thief.open("/account")
    thief.is_at("/login")
    cannot_log_in(alice)
    is_helped(people, dave)
    logs_in_with_a_code(people, alice)


def test_from_the_email_about_a_login(people: World, new_window: Callable[..., Window]) -> None:
    thief, reader, dave = new_window(), new_window(), new_window()
    thief.goes_on_as(people.log_in_and_wait("alice"))
    thief.open("/account")
    reader.open(people.link_in_last_mail())
    reader.sees("Lock your account?")
    thief.open("/account")
    thief.sees("Your account")
    reader.press("Lock my account")
    reader.sees("Your account is locked")
    thief.open("/account")
    thief.is_at("/login")
    cannot_log_in(reader)
    is_helped(people, dave)
    logs_in_with_a_code(people, reader)
