"""Recovery codes, a second app and a new phone, as people meet them in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.phone import Phone
from tests.support.stories import alice_just_linked
from tests.support.world import World

pytestmark = pytest.mark.browser
ALICE = "alice@example.com"


@pytest.fixture
def alice(world: World, new_window: Callable[..., Window]) -> Window:
    """A window in which alice of Finance is logged in, with a code just entered."""
    window = new_window()
    window.goes_on_as(world.after(alice_just_linked))
    return window


def shown_codes(window: Window) -> list[str]:
    """Let somebody get a set of recovery codes, and return it as it stands on paper."""
    window.open("/account")
    window.follow("Get recovery codes")
    window.press("Show my recovery codes")
    window.sees("Your recovery codes")
    window.page.emulate_media(media="print")
    for nothing_to_print in ("Print", "I've saved my codes", "Log out"):
        expect(window.page.get_by_text(nothing_to_print, exact=True).first).to_be_hidden()
    codes = window.page.locator("ol.recovery-codes code")
    expect(codes.first).to_be_visible()
    found = codes.all_inner_texts()
    window.page.emulate_media(media="screen")
    return found


def test_a_printed_recovery_code_opens_the_gate_once_and_leads_to_a_new_app(
    world: World, alice: Window, new_window: Callable[..., Window]
) -> None:
    codes = shown_codes(alice)
    assert len(set(codes)) == 10
    elsewhere = new_window()
    elsewhere.give_password(ALICE)
    elsewhere.follow("Use a recovery code")
    elsewhere.type_into("Recovery code", codes[0].upper().replace("-", " "))
    elsewhere.press("Log in")
    elsewhere.sees("You used a recovery code")
    elsewhere.reads("9 recovery codes are left.")
    elsewhere.follow("Link a new app")
    new = elsewhere.scan()
    elsewhere.enable(new.code())
    elsewhere.log_out()
    world.clock.advance(seconds=30)
    elsewhere.give_password(ALICE)
    elsewhere.give_code(new.code(), remember=False)
    elsewhere.is_in("Alice")
    elsewhere.log_out()
    elsewhere.give_password(ALICE)
    elsewhere.follow("Use a recovery code")
    elsewhere.type_into("Recovery code", codes[0])
    elsewhere.press("Log in")
    elsewhere.reads("That code has already been used.")


def test_a_second_app_opens_the_gate_as_the_first_does(world: World, alice: Window) -> None:
    first = world.phones["alice"]
    alice.open("/account")
    alice.follow("Link another app")
    second = alice.scan()
    alice.type_into("Name of the app", "KeePassXC at work")
    alice.enable(second.code())
    alice.open("/account")
    alice.reads("KeePassXC at work")
    for app in (second, first):
        world.clock.advance(seconds=30)
        logs_in_anew(alice, app)


def test_on_a_new_phone_the_old_one_counts_until_the_new_one_is_proved(world: World, alice: Window) -> None:
    old = world.phones["alice"]
    alice.open("/account")
    alice.follow("Move to a new phone")
    new = alice.scan()
    alice.reads("The old one keeps working until you press Enable here.")
    alice.enable(new.code())
    alice.reads("delete")
    world.clock.advance(seconds=30)
    logs_in_anew(alice, new)
    alice.log_out()
    world.clock.advance(seconds=30)
    alice.give_password(ALICE)
    alice.give_code(old.code(), remember=False)
    alice.reads("Delete")
    alice.is_at("/login/code")


def logs_in_anew(window: Window, app: Phone) -> None:
    window.open("/")
    window.log_out()
    window.give_password(ALICE)
    window.give_code(app.code(), remember=False)
    window.is_in("Alice")
