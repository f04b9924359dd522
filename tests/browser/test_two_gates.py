"""Logging in, in a real browser: what the two gates say, ask and remember."""

import re

import pytest
from playwright.sync_api import Request, expect

from mfa_app.core.common.locks import lock_administration
from tests.support.chromium import Window
from tests.support.world import World

pytestmark = pytest.mark.browser


def test_a_wrong_and_a_used_code_get_sentences_of_their_own(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    app = world.phones["alice"]
    window.give_password("alice@example.com")
    window.give_code(app.wrong_code())
    window.reads("That code is wrong. Enter the 6 digits your authentication app shows now.")
    window.give_code(app.code(), remember=False)
    window.is_in("Alice")
    window.log_out()
    window.give_password("alice@example.com")
    window.give_code(app.code())
    window.reads("That code has already been used. Wait for the next one")


def test_a_code_may_be_typed_with_a_space_as_the_app_shows_it(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    code = world.phones["alice"].code()
    window.give_password("alice@example.com")
    window.give_code(f"{code[:3]} {code[3:]}")
    window.is_in("Alice")


def test_a_wrong_password_and_an_unknown_address_read_the_same(world: World, window: Window) -> None:
    world.person("alice")
    for email in ("alice@example.com", "nobody@example.com"):
        window.give_password(email, "not the password of anybody")
        window.reads("The email address or password is wrong. Check both and try again.")
        expect(window.field("Email address")).to_have_value(email)
        expect(window.field("Password")).to_have_value("")


def test_ten_minutes_after_the_password_a_right_code_is_too_late(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    window.give_password("alice@example.com")
    window.sees("2-factor authentication")
    world.clock.advance(minutes=10, seconds=1)
    window.give_code(world.phones["alice"].code())
    window.sees("Log in")
    window.reads("More than 10 minutes have passed since you entered your password. Log in again.")


def test_a_ticked_box_spares_the_next_code_and_a_deleted_cookie_brings_it_back(
    world: World, window: Window
) -> None:
    world.linked_earlier("alice")
    window.give_password("alice@example.com")
    expect(window.page.get_by_label("Don't ask for a code on this device for 30 days")).to_be_checked()
    window.give_code(world.phones["alice"].code())
    window.log_out()
    window.give_password("alice@example.com")
    window.is_in("Alice")
    window.log_out()
    window.context.clear_cookies(name=re.compile("device-"))
    window.give_password("alice@example.com")
    window.sees("2-factor authentication")


def test_an_unticked_box_leaves_nothing_behind(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    window.give_password("alice@example.com")
    window.give_code(world.phones["alice"].code(), remember=False)
    window.log_out()
    window.give_password("alice@example.com")
    window.sees("2-factor authentication")


def test_one_browser_remembers_two_people(world: World, window: Window) -> None:
    for name in ("alice", "bob"):
        world.linked_earlier(name)
    for name in ("alice", "bob"):
        window.give_password(f"{name}@example.com")
        window.give_code(world.phones[name].code())
        window.log_out()
    for name in ("alice", "bob", "alice"):
        window.give_password(f"{name}@example.com")
        window.is_in(name.capitalize())
        window.log_out()


def test_somebody_else_can_take_over_the_code_page(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    world.person("bob")
    window.give_password("alice@example.com")
    window.press("Not you? Log in as someone else")
    window.sees("Log in")
    window.give_password("bob@example.com")
    window.is_in("Bob")


def test_a_lost_app_has_a_page_that_says_whom_to_write_to(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    window.give_password("alice@example.com")
    window.follow("Lost your authentication app?")
    window.sees("Lost your authentication app?")
    link = window.page.get_by_role("link", name="Email the administrator")
    expect(link).to_have_attribute("href", re.compile("^mailto:admin@example.com\\?subject=Please%20reset"))


def test_a_page_asked_for_before_the_login_comes_after_it(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    window.open("/account/password")
    window.field("Email address").fill("alice@example.com")
    window.field("Password").fill("seven quiet lanterns by the river")
    window.press("Log in")
    window.give_code(world.phones["alice"].code())
    window.sees("Change password")


def test_a_second_click_while_the_site_is_slow_sends_no_second_code(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    window.give_password("alice@example.com")
    window.sees("2-factor authentication")
    window.field("6-digit code").fill(world.phones["alice"].code())
    sent: list[Request] = []
    window.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    place = window.page.get_by_role("button", name="Log in", exact=True).bounding_box()
    with world.data():
        lock_administration()  # holds the database's lock: the answer has to wait
        with window.page.expect_request("**/login/code"):
            window.page.mouse.click(place["x"] + 9, place["y"] + 9)
        window.page.mouse.click(place["x"] + 9, place["y"] + 9)
    window.is_in("Alice")
    assert len(sent) == 1


def test_a_forgotten_password_is_replaced_by_mail_and_the_code_is_asked_as_before(
    world: World, window: Window
) -> None:
    world.linked_earlier("alice")
    window.open("/login")
    window.follow("Forgot your password?")
    window.field("Email address").fill("Alice@Example.com")
    window.press("Send the link")
    window.sees("Check your email")
    window.open(world.link_in_last_mail())
    window.field("New password").fill("a heron stands under the old mill")
    window.press("Save password")
    window.give_password("alice@example.com", "a heron stands under the old mill")
    window.give_code(world.phones["alice"].code())
    window.is_in("Alice")


def test_a_password_can_be_looked_at_while_it_is_typed(window: Window) -> None:
    window.open("/login")
    window.field("Password").fill("seven quiet lanterns by the river")
    window.press("Show the password")
    expect(window.field("Password")).to_have_attribute("type", "text")
    window.press("Hide the password")
    expect(window.field("Password")).to_have_attribute("type", "password")
