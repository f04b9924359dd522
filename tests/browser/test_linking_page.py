"""The linking page as people meet it: on a computer, on a phone, by keyboard alone, without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import PHONE, Window
from tests.support.world import PASSWORD, World

pytestmark = pytest.mark.browser


@pytest.fixture
def alice(world: World) -> str:
    """The address of somebody whose group requires 2-factor authentication, with no app yet."""
    world.group("Finance", required=True)
    return world.person("alice", groups_=("Finance",))


def test_the_scanned_app_names_the_site_and_the_account(alice: str, window: Window) -> None:
    window.give_password(alice)
    app = window.scan()
    assert app.label == f"Second Gate (127.0.0.1):{alice}"
    assert app.parameters["issuer"] == "Second Gate (127.0.0.1)"


def test_the_longest_address_still_scans_off_a_phone(world: World, new_window: Callable[..., Window]) -> None:
    world.require(None)
    window = new_window(**PHONE)
    window.give_password(world.person("a" * 64))
    assert window.link().label == f"Second Gate (127.0.0.1):{'a' * 64}@example.com"


def test_typed_and_tapped_secret_are_the_scanned_one(alice: str, window: Window) -> None:
    window.give_password(alice)
    app = window.scan()
    assert window.page.locator(".secret").inner_text().split() == [
        app.secret[i : i + 4] for i in range(0, 32, 4)
    ]
    tap = window.page.get_by_role("link", name="On this phone? Open the app")
    expect(tap).to_have_attribute("href", app.uri)


def test_the_copy_button_copies_the_secret_and_says_so(alice: str, new_window: Callable[..., Window]) -> None:
    window = new_window(permissions=["clipboard-read", "clipboard-write"])
    window.give_password(alice)
    window.press("Copy the key")
    window.reads("Copied.")
    assert window.page.evaluate("navigator.clipboard.readText()") == window.scan().secret


def test_reload_and_wrong_code_keep_the_qr_code(alice: str, window: Window) -> None:
    window.give_password(alice)
    app = window.scan()
    window.enable(app.wrong_code())
    window.reads("That code is wrong.")
    assert window.scan().secret == app.secret
    window.page.reload()
    window.enable(app.code())
    window.is_in("Alice")


def test_a_qr_code_that_expires_says_so_and_a_new_one_takes_its_place(
    world: World, alice: str, window: Window
) -> None:
    window.page.clock.install()
    window.give_password(alice)
    window.reads("Valid for 20 more minutes.")
    old = window.scan()
    world.clock.advance(minutes=20)
    window.page.clock.fast_forward("20:05")
    window.reads("This QR code has expired. If your app already has an entry for Second Gate (127.0.0.1)")
    for place in (".scan", ".step-code"):  # key, link into the app, copying and Enable are out of reach
        expect(window.page.locator(place)).to_have_attribute("inert", "")
    window.follow("Start again")
    window.field("Password").fill(PASSWORD)
    window.press("Confirm")
    window.reads("Valid for 20 more minutes.")
    new = window.scan()
    assert new.secret != old.secret
    window.enable(old.code())
    window.reads("That code is wrong.")
    window.enable(new.code())
    window.is_in("Alice")


def test_the_remaining_minutes_survive_a_reload(world: World, alice: str, window: Window) -> None:
    window.give_password(alice)
    window.reads("Valid for 20 more minutes.")
    world.clock.advance(minutes=17)
    window.page.reload()
    window.reads("Valid for 3 more minutes.")


@pytest.mark.parametrize("name", ["Microsoft Authenticator", "Authy", "Another app"])
def test_each_app_has_steps_of_its_own_and_opens_alone(alice: str, window: Window, name: str) -> None:
    window.give_password(alice)
    for heading in ("Authy", "Google Authenticator", name):
        window.page.get_by_role("heading", name=heading, exact=True).click()
    opened = window.page.locator("details[open]")
    expect(opened.get_by_role("heading")).to_have_text([name])
    expect(opened.get_by_role("listitem")).to_have_count(4)


def test_on_a_phone_the_tap_link_comes_before_the_qr_code(
    alice: str, new_window: Callable[..., Window]
) -> None:
    window = new_window(**PHONE)
    window.give_password(alice)
    tap = window.page.get_by_role("link", name="On this phone? Open the app")
    expect(tap).to_be_visible()
    assert tap.bounding_box()["y"] < window.page.locator("img.qr").bounding_box()["y"]
    window.link()
    window.is_in("Alice")


def test_linking_and_login_work_without_javascript(
    world: World, alice: str, new_window: Callable[..., Window]
) -> None:
    window = new_window(java_script_enabled=False)
    window.give_password(alice)
    expect(window.page.get_by_role("button", name="Copy the key")).to_be_hidden()
    app = window.link()
    window.log_out()
    world.clock.advance(seconds=30)
    window.give_password(alice)
    window.give_code(app.code())
    window.is_in("Alice")


def test_dark_mode_keeps_the_qr_code_readable(alice: str, new_window: Callable[..., Window]) -> None:
    window = new_window(color_scheme="dark")
    window.give_password(alice)
    expect(window.page.locator("body")).to_have_css("background-color", "rgb(13, 19, 20)")
    window.link()


def test_the_keyboard_alone_is_enough(world: World, alice: str, window: Window) -> None:
    window.open("/login")
    window.type_into("Email address", alice)
    window.type_into("Password", "seven quiet lanterns by the river", enter=True)
    app = window.scan()
    window.tab_to("Google Authenticator")
    window.page.keyboard.press("Enter")
    window.reads("Open the app. You can use it without a Google account.")
    window.type_into("6-digit code", app.code())
    window.tab_to("Enable")
    window.page.keyboard.press("Space")
    window.is_in("Alice")
    window.tab_to("Log out")
    window.page.keyboard.press("Enter")
    world.clock.advance(seconds=30)
    window.sees("Log in")
    window.type_into("Email address", alice)
    window.type_into("Password", "seven quiet lanterns by the river", enter=True)
    window.sees("2-factor authentication")
    window.type_into("6-digit code", app.code(), enter=True)
    window.is_in("Alice")


def test_the_first_tab_offers_to_skip_to_the_content(alice: str, window: Window) -> None:
    window.give_password(alice)
    window.sees("Link your authentication app")
    window.page.keyboard.press("Tab")
    expect(window.page.get_by_text("Skip to main content")).to_be_in_viewport()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("main")).to_be_focused()
