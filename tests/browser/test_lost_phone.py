"""Alice has lost her phone: she asks for a reset, reads out a number, and dave resets. Two real browsers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.phone import Phone
from tests.support.world import World

pytestmark = pytest.mark.browser
ALICE = "alice@example.com"
DONE = "The help desk has reset your 2-factor authentication"


@pytest.fixture
def people(world: World) -> World:
    """Alice of Finance, which requires 2FA, whose number is in the directory, and dave of the help desk."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    with world.data():
        world.user("alice").directory_number = "020 123 45 67"
    world.linked_earlier("dave")
    return world


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_the_way_from_a_lost_phone_to_a_new_one(
    people: World, new_window: Callable[..., Window], script: bool
) -> None:
    alice, dave = new_window(**({} if script else {"java_script_enabled": False})), new_window()
    dave.goes_on_as(people.log_in_and_wait("dave"))
    if script:
        alice.page.clock.install()
    number = asks_for_a_reset(alice)
    resets(dave, number)
    if script:
        alice.page.clock.run_for(10_000)  # the page looks again by itself, and goes on
    else:
        alice.follow("Look again")
        alice.sees(DONE)
        alice.press("Continue")
    alice.is_at("/enrolment")
    new = links(alice)
    assert new.secret != people.phones["alice"].secret
    assert people.events("alice").count("reset.followed") == 1
    alice.log_out()
    people.clock.advance(seconds=30)
    alice.give_password(ALICE)
    alice.give_code(new.code(), remember=False)
    alice.is_in("Alice")


def asks_for_a_reset(alice: Window) -> str:
    """Let alice give her password and ask; return the number that she reads out."""
    alice.give_password(ALICE)
    alice.follow("Lost your authentication app?")
    alice.sees("Ask the help desk for a reset")
    alice.field("My phone is lost or stolen").check()
    alice.field("In your own words (optional)").fill("On the train")
    alice.press("Ask for a reset")
    alice.sees("Call the help desk")
    return alice.page.locator(".request-number").inner_text()


def resets(dave: Window, number: str) -> None:
    """Let dave hear the number, call back and reset."""
    dave.open("/admin/requests")
    expect(dave.page.get_by_text("My phone is lost or stolen: On the train")).to_be_visible()
    dave.field("Number of the request").fill(number)
    dave.press("Open the request")
    dave.sees("Reset 2-factor authentication")
    dave.reads(f"Request {number}")
    expect(dave.field("In which way?")).to_be_hidden()
    dave.field("Another way").check()
    expect(dave.field("In which way?")).to_be_visible()
    dave.press("Reset 2-factor authentication")
    dave.reads("Say in a few words how you checked.")
    expect(dave.field("In which way?")).to_be_focused()
    dave.field("I called back on the directory number 020 123 45 67").check()
    dave.press("Reset 2-factor authentication")
    dave.reads("2-factor authentication reset for Alice.")


def links(alice: Window) -> Phone:
    """Let alice scan the new QR code and enter the code of her new phone; she is in then."""
    new = alice.scan()
    alice.enable(new.code())
    alice.goes_on_without_recovery_codes()
    alice.is_in("Alice")
    return new
