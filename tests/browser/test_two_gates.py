"""What the script of the pages does at the two gates. What needs no browser is in `tests/pages`."""

import pytest
from playwright.sync_api import Request, expect

from mfa_app.core.common.locks import lock_administration
from mfa_app.models import RememberedDevice
from tests.support.chromium import SENDS_ITSELF, Window
from tests.support.phone import Phone
from tests.support.stories import alice_at_the_code_page
from tests.support.world import PASSWORD, WRONG, World

pytestmark = pytest.mark.browser


def test_a_second_click_while_the_site_is_slow_sends_no_second_code(world: World, window: Window) -> None:
    window.goes_on_as(world.after(alice_at_the_code_page))
    window.open("/login/code")
    window.sees("2-factor authentication")
    sent = sent_by(window)
    place = window.page.get_by_role("button", name="Log in", exact=True).bounding_box()
    with world.data():
        lock_administration()  # holds the database's lock: the answer has to wait
        with window.page.expect_request("**/login/code"):
            window.type_into("6-digit code", world.phones["alice"].code(), enter=True)
        window.page.mouse.click(place["x"] + 9, place["y"] + 9)
    window.is_in("Alice")
    assert len(sent) == 1


@pytest.mark.parametrize("spelling", ["{0}{1}", "{0} {1}", "{0}-{1}"])
def test_six_digits_that_are_pasted_send_themselves(world: World, window: Window, spelling: str) -> None:
    alice_opens_the_code_page(world, window)
    window.page.get_by_role("checkbox").uncheck()
    sent, code = sent_by(window), world.phones["alice"].code()
    window.page.keyboard.insert_text(spelling.format(code[:3], code[3:]))
    window.is_in("Alice")
    assert len(sent) == 1
    assert world.count(RememberedDevice) == 0


def test_after_a_refusal_nothing_is_sent_before_something_is_typed(world: World, window: Window) -> None:
    alice_opens_the_code_page(world, window)
    sent, phone = sent_by(window), world.phones["alice"]
    window.type_into("6-digit code", phone.wrong_code())
    window.reads("That code is wrong.")
    expect(window.field("6-digit code")).to_be_focused()
    expect(window.field("6-digit code")).to_have_value("")
    window.page.keyboard.type("12345")
    window.page.keyboard.press("Enter")
    window.reads("You entered 5 digits.")
    assert len(sent) == 2
    window.page.keyboard.type(phone.code())
    window.is_in("Alice")
    assert len(sent) == 3


def test_six_digits_send_themselves_once_on_each_page(world: World, window: Window) -> None:
    alice_opens_the_code_page(world, window)
    sent = sent_by(window)
    window.page.route("**/login/code", lambda route: route.fulfill(status=204))  # nothing comes back
    with window.page.expect_response("**/login/code"):
        window.page.keyboard.type("123456")
    window.page.clock.fast_forward("00:11")
    expect(window.page.get_by_role("button", name="Log in", exact=True)).not_to_have_attribute(
        "aria-disabled", "true"
    )
    window.field("6-digit code").fill("")
    window.field("6-digit code").fill("654321")
    assert len(sent) == 1
    with window.page.expect_response("**/login/code"):
        window.press("Log in")
    assert len(sent) == 2
    window.page.unroute("**/login/code")


def test_a_confirmation_sends_itself_and_the_linking_page_does_not(world: World, window: Window) -> None:
    window.goes_on_as(world.at_work("alice"))
    world.clock.advance(minutes=21)
    window.open("/enrolment")
    window.sees("Confirm it's you")
    window.type_into("6-digit code", world.phones["alice"].code())
    window.sees("Link your authentication app")
    expect(window.page.get_by_text(SENDS_ITSELF)).to_have_count(0)


def test_the_wait_counts_down_and_the_button_comes_back(world: World, window: Window) -> None:
    phone = alice_has_failed_five_times(world, window)
    window.reads("Too many failed attempts. Try again in 30 seconds.")
    button, sent = window.page.get_by_role("button", name="Log in", exact=True), sent_by(window)
    expect(button).to_have_attribute("aria-disabled", "true")
    window.page.clock.run_for(1000)
    window.reads("Try again in 29 seconds.")
    window.page.keyboard.type(phone.code(steps=1))
    window.page.keyboard.press("Enter")
    button.click(force=True)
    status = window.page.locator("form [role=status]")
    expect(status).to_have_text("")
    window.page.clock.run_for(28_000)
    window.reads("Try again in 1 second.")
    world.clock.advance(seconds=30)
    window.page.clock.run_for(1000)
    expect(status).to_have_text("You can try again now.")
    expect(button).not_to_have_attribute("aria-disabled", "true")
    assert not sent
    button.click()
    window.is_in("Alice")


def test_the_keyboard_shows_where_it_is_on_the_way_to_the_code(world: World, window: Window) -> None:
    alice_opens_the_code_page(world, window)
    window.page.get_by_role("link", name="Skip to main content").focus()
    window.tab_to("6-digit code")


def test_a_long_wait_counts_in_minutes(world: World, window: Window) -> None:
    phone = alice_has_failed_five_times(world, window)
    for seconds in (30, 60):
        world.clock.advance(seconds=seconds)
        world.password_given("alice").press("Log in", code=phone.wrong_code())
    window.page.reload()
    expect(window.field("6-digit code")).to_be_focused()
    window.type_into("6-digit code", phone.wrong_code())
    window.reads("Try again in 2 minutes.")


def test_the_wait_of_the_password_is_not_read_out_each_second(world: World, window: Window) -> None:
    world.person("alice")
    elsewhere = world.visitor()
    for _ in range(5):
        elsewhere.give_password("alice@example.com", WRONG)
    window.page.clock.install()
    window.open("/login")
    window.page.clock.pause_at(window.page.evaluate("Date.now()") + 1000)
    window.fill_in_login("alice@example.com", WRONG)
    window.reads("Try again in 5 seconds.")
    expect(window.page.get_by_role("alert")).to_have_count(0)
    world.clock.advance(seconds=5)
    window.page.clock.run_for(5000)
    expect(window.page.locator("form [role=status]")).to_have_text("You can try again now.")
    window.field("Password").fill(PASSWORD)
    window.press("Log in")
    window.is_in("Alice")


def test_a_clock_four_minutes_slow_is_told_and_once_it_is_right_alice_is_in(
    world: World, window: Window
) -> None:
    alice_opens_the_code_page(world, window)
    world.clock.advance(minutes=9)
    phone = world.phones["alice"]
    phone.off_by = -240
    window.type_into("6-digit code", phone.code())
    window.reads("It looks like your phone's clock is about 4 minutes slow.")
    phone.off_by = 0
    window.page.keyboard.type(phone.code())
    window.is_in("Alice")


def test_the_code_of_an_old_entry_is_recognised(world: World, window: Window) -> None:
    world.linked_earlier("alice")
    old = world.phones["alice"]
    world.reset("alice")
    world.link_and_wait("alice").press("Log out")
    window.goes_on_as(world.password_given("alice"))
    window.open("/login/code")
    expect(window.field("6-digit code")).to_be_focused()
    window.type_into("6-digit code", old.code())
    window.reads("It was reset on 2 March 2026. Delete it: only a newer entry has the right code.")
    window.page.keyboard.type(world.phones["alice"].code())
    window.is_in("Alice")


def alice_opens_the_code_page(world: World, window: Window) -> None:
    """Let alice of Finance open the code page, in a browser whose clock the test moves."""
    window.page.clock.install()
    window.goes_on_as(world.after(alice_at_the_code_page))
    window.open("/login/code")
    expect(window.field("6-digit code")).to_be_focused()


def alice_has_failed_five_times(world: World, window: Window) -> Phone:
    """Let her enter wrong codes until she has to wait; return her phone."""
    alice_opens_the_code_page(world, window)
    phone, elsewhere = world.phones["alice"], world.password_given("alice")
    for _ in range(5):
        elsewhere.press("Log in", code=phone.wrong_code())
    window.page.clock.pause_at(window.page.evaluate("Date.now()") + 1000)
    with window.page.expect_navigation():
        window.type_into("6-digit code", phone.wrong_code())
    return phone


def sent_by(window: Window) -> list[Request]:
    """Return the forms that a window sends from now on."""
    sent: list[Request] = []
    window.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    return sent


def test_a_password_can_be_looked_at_while_it_is_typed(window: Window) -> None:
    window.open("/login")
    window.field("Password").fill("seven quiet lanterns by the river")
    window.press("Show the password")
    expect(window.field("Password")).to_have_attribute("type", "text")
    window.press("Hide the password")
    expect(window.field("Password")).to_have_attribute("type", "password")
