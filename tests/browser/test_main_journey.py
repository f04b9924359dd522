"""The main job from the set-up link to the second linking, as its people meet it in a real browser.

`tests/pages/common/test_whole_way.py` tells the same story without one, on both databases.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.phone import Phone
from tests.support.world import World

pytestmark = pytest.mark.browser

ALICE = "alice@example.com"
HER_PASSWORD = "a heron stands under the old mill"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/link/\S+")


def test_from_the_set_up_link_to_a_second_linking(world: World, new_window: Callable[..., Window]) -> None:
    carol = new_window()
    becomes_the_first_administrator(world, carol)
    makes_a_group_that_requires_2fa(carol)
    adds_alice(carol)
    alice = new_window()
    chooses_a_password(world, alice)
    app = links_an_app(alice)
    world.clock.advance(seconds=30)
    logs_in_with_a_code_and_then_without(alice, app)
    world.linked_earlier("dave")
    dave = carol  # at the same computer, after her
    dave.context.clear_cookies()
    dave.goes_on_as(world.log_in_and_wait("dave"))
    resets_alice(dave)
    is_out_and_links_again(world, alice, app)


def becomes_the_first_administrator(world: World, carol: Window) -> None:
    printed = world.app.test_cli_runner().invoke(args=["prepare"])
    assert printed.exit_code == 0, printed.output
    carol.open(LINK.search(printed.output)[0])
    carol.sees("Set up Second Gate")
    carol.field("Your name").fill("Carol")
    carol.field("Email address").fill("carol@example.com")
    carol.field("Password").fill("nine yellow ferries at noon")
    carol.press("Create the administrator")
    carol.link()
    carol.sees("Break-glass codes")
    carol.follow("Not now")
    carol.is_in("Carol")


def makes_a_group_that_requires_2fa(carol: Window) -> None:
    carol.follow("Administration")
    carol.follow("Groups")
    carol.follow("Create the first group")
    carol.field("Name").fill("Finance")
    carol.press("Create the group")
    carol.follow("Change the rule")
    carol.field("Require 2-factor authentication").check()
    carol.press("Continue")
    carol.sees("Switch 2-factor authentication on for Finance?")
    carol.press("Switch on")
    carol.reads("Rule for Finance saved.")


def adds_alice(carol: Window) -> None:
    carol.follow("Administration")
    carol.follow("People")
    carol.follow("Add a person")
    carol.field("Name").fill("Alice")
    carol.field("Email address").fill(ALICE)
    carol.field("Finance").check()
    carol.press("Add the person")
    carol.sees("Link for Alice")


def chooses_a_password(world: World, alice: Window) -> None:
    assert world.mails("alice") == ["invitation"]
    alice.open(world.link_in_last_mail())
    alice.sees("Choose your password")
    alice.field("New password").fill(HER_PASSWORD)
    alice.press("Save password")
    alice.reads("Password saved. One more step, and you're in.")


def links_an_app(alice: Window) -> Phone:
    alice.reads("Your group Finance requires 2-factor authentication.")
    app = alice.link()
    alice.is_in("Alice")
    alice.log_out()
    return app


def logs_in_with_a_code_and_then_without(alice: Window, app: Phone) -> None:
    alice.give_password(ALICE, HER_PASSWORD)
    expect(alice.page.get_by_label("Don't ask for a code on this device for 30 days")).to_be_checked()
    code = app.code()
    alice.give_code(f"{code[:3]} {code[3:]}")  # with a space, as the app shows it
    alice.is_in("Alice")
    alice.log_out()
    alice.fill_in_login(ALICE, HER_PASSWORD)
    alice.is_in("Alice")


def resets_alice(dave: Window) -> None:
    dave.open("/")
    dave.follow("Help desk")
    dave.follow("Alice")
    dave.follow("Reset 2-factor authentication")
    dave.field("I called back on the number in the directory").check()
    dave.field("Reason").fill("Phone lost; called back on the number in the directory")
    dave.press("Reset 2-factor authentication")
    dave.reads("2-factor authentication reset for Alice.")


def is_out_and_links_again(world: World, alice: Window, lost: Phone) -> None:
    alice.follow("Your account")
    alice.reads("Your session has ended. Log in again.")
    assert world.mails("alice")[-1] == "reset_second_factor"
    alice.give_password(ALICE, HER_PASSWORD)
    assert alice.link().secret != lost.secret
    alice.is_in("Alice")
