"""The linking page as people meet it: on a computer, on a phone, by keyboard alone, without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.chromium import PHONE, Window
from tests.support.stories import alice_at_the_linking_page
from tests.support.world import PASSWORD, World

pytestmark = pytest.mark.browser

DEVICES: dict[str, dict[str, object]] = {"computer": {}, "phone": PHONE}


@pytest.fixture
def alice(world: World, window: Window) -> Window:
    """A window in which alice, whose group requires 2-factor authentication, is about to link an app."""
    window.goes_on_as(world.after(alice_at_the_linking_page))
    window.open("/enrolment")
    return window


@pytest.fixture
def alice_on_a_phone(world: World, new_window: Callable[..., Window]) -> Window:
    """The same on a phone, where a finger points."""
    window = new_window(**PHONE)
    window.goes_on_as(world.after(alice_at_the_linking_page))
    window.open("/enrolment")
    return window


def headings_from_above(window: Window) -> list[str]:
    """Return the headings of the steps in the order in which they stand on the screen."""
    headings = window.page.locator(".linking-step > h2").all()
    return [heading.inner_text() for heading in sorted(headings, key=lambda it: it.bounding_box()["y"])]


def test_scanned_typed_tapped_and_copied_secret_are_one(alice: Window) -> None:
    app = alice.scan()
    assert app.label == "Second Gate (127.0.0.1):alice@example.com"
    assert app.parameters["issuer"] == "Second Gate (127.0.0.1)"
    assert alice.page.locator(".secret").inner_text().split() == [
        app.secret[i : i + 4] for i in range(0, 32, 4)
    ]
    tap = alice.page.get_by_role("link", name="App on this device? Open it", exact=True)
    expect(tap).to_have_attribute("href", app.uri)
    alice.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alice.press("Copy the setup key")
    alice.reads("Copied.")
    assert alice.page.evaluate("navigator.clipboard.readText()") == app.secret


def test_a_phone_links_the_app_on_it_with_one_tap(alice_on_a_phone: Window) -> None:
    headings = ["Add Second Gate (127.0.0.1) to your app", "Nothing happened?", "Enter the code"]
    assert headings_from_above(alice_on_a_phone) == headings
    assert "scan" not in alice_on_a_phone.page.locator("main").inner_text().lower()
    expect(alice_on_a_phone.page.get_by_role("link", name="Open my app")).to_be_in_viewport(ratio=1)
    expect(alice_on_a_phone.page.locator("img.qr")).to_be_hidden()
    alice_on_a_phone.enable(alice_on_a_phone.tap().code())
    alice_on_a_phone.goes_on_without_recovery_codes()
    alice_on_a_phone.is_in("Alice")


def test_a_phone_shows_the_qr_code_to_another_phone(alice_on_a_phone: Window) -> None:
    tapped = alice_on_a_phone.tap()
    assert alice_on_a_phone.scan().uri == tapped.uri
    expect(alice_on_a_phone.page.locator("img.qr")).to_be_in_viewport(ratio=1)
    expect(alice_on_a_phone.page.locator("img.qr")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 640, 320])
def test_a_computer_shows_the_qr_code_first_however_narrow_its_window(alice: Window, width: int) -> None:
    alice.page.set_viewport_size({"width": width, "height": 800})
    assert headings_from_above(alice) == ["Get an app", "Scan the QR code", "Enter the code"]
    tap = alice.page.get_by_role("link", name="App on this device? Open it")
    assert alice.page.locator("img.qr").bounding_box()["y"] < tap.bounding_box()["y"]
    assert alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_longest_address_scans_from_a_phone(world: World, new_window: Callable[..., Window]) -> None:
    world.require(None)
    address = world.person("a" * 64)
    window = new_window(**PHONE)
    window.give_password(address)
    assert window.link().label == f"Second Gate (127.0.0.1):{address}"
    window.is_in("A" + "a" * 63)


def test_on_paper_there_are_the_steps_and_no_secret(alice: Window) -> None:
    app = alice.scan()
    alice.page.emulate_media(media="print")
    alice.reads(f"Scan the QR code on the screen, at {alice.site}.")
    for kept in ("Get an app", "Scan the QR code", "Enter the code"):
        expect(alice.page.get_by_role("heading", name=kept)).to_be_visible()
    for secret in ("img.qr", ".secret", "a[href^='otpauth:']", "form"):
        expect(alice.page.locator(secret).first).to_be_hidden()
    assert app.secret[:4] not in alice.page.locator("body").inner_text()
    assert b"otpauth:" not in alice.page.pdf()


def test_dark_mode_keeps_the_qr_code_readable(alice: Window) -> None:
    alice.page.emulate_media(color_scheme="dark")
    expect(alice.page.locator("body")).to_have_css("background-color", "rgb(13, 19, 20)")
    alice.link()


@pytest.mark.parametrize("device", DEVICES)
def test_a_secret_that_expires_says_so_and_a_new_one_takes_its_place(
    world: World, new_window: Callable[..., Window], device: str
) -> None:
    window = new_window(**DEVICES[device])
    window.page.clock.install()
    window.goes_on_as(world.after(alice_at_the_linking_page))
    window.open("/enrolment")
    window.reads("Valid for 20 more minutes.")
    world.clock.advance(minutes=17)
    window.page.reload()
    window.reads("Valid for 3 more minutes.")
    old = window.scan()
    window.field("6-digit code").focus()
    world.clock.advance(minutes=3)
    window.page.clock.fast_forward("03:05")
    window.reads("This page has expired. If your app already has an entry for Second Gate (127.0.0.1)")
    for place in (".scan", ".step-code"):  # key, link into the app, copying and Enable are out of reach
        expect(window.page.locator(place)).to_have_attribute("inert", "")
    start_again = window.page.get_by_role("link", name="Start again")
    expect(start_again).to_be_in_viewport(ratio=1)
    expect(start_again).to_be_focused()
    window.follow("Start again")
    window.field("Password").fill(PASSWORD)
    window.press("Confirm")
    window.reads("Valid for 20 more minutes.")
    expect(window.page.locator(".tap" if device == "phone" else "img.qr")).to_be_in_viewport(ratio=1)
    new = window.scan()
    assert new.secret != old.secret
    window.enable(old.code())
    window.reads("That code is wrong.")
    window.enable(new.code())
    window.goes_on_without_recovery_codes()
    window.is_in("Alice")


def test_each_app_has_steps_of_its_own_and_opens_alone(alice: Window) -> None:
    opened = alice.page.locator("details[open]")
    for name in ("Microsoft Authenticator", "Google Authenticator", "Authy", "Another app"):
        alice.page.get_by_role("heading", name=name, exact=True).click()
        expect(opened.get_by_role("heading")).to_have_text([name])
        expect(opened.get_by_role("listitem")).to_have_count(4)


@pytest.mark.parametrize("device", DEVICES)
def test_linking_and_login_work_without_javascript(
    world: World, new_window: Callable[..., Window], device: str
) -> None:
    window = new_window(**DEVICES[device], java_script_enabled=False)
    address = finance_requires_2fa_of_alice(world)
    window.give_password(address)
    expect(window.page.get_by_role("button", name="Copy the setup key")).to_be_hidden()
    app = window.link()
    window.log_out()
    world.clock.advance(seconds=30)
    window.fill_in_login(address)
    window.give_code(app.code())
    window.is_in("Alice")


def test_the_keyboard_alone_is_enough(world: World, window: Window) -> None:
    address = finance_requires_2fa_of_alice(world)
    window.open("/login")
    window.type_into("Email address", address)
    window.type_into("Password", "seven quiet lanterns by the river", enter=True)
    app = window.scan()
    window.tab_to("Google Authenticator")
    window.page.keyboard.press("Enter")
    window.reads("Open the app. You can use it without a Google account.")
    window.type_into("6-digit code", app.code())
    window.tab_to("Enable")
    window.page.keyboard.press("Space")
    window.sees("Recovery codes")
    window.tab_to("Not now")
    window.page.keyboard.press("Enter")
    window.is_in("Alice")
    window.tab_to("Log out")
    window.page.keyboard.press("Enter")
    world.clock.advance(seconds=30)
    window.sees("Log in")
    window.type_into("Email address", address)
    window.type_into("Password", "seven quiet lanterns by the river", enter=True)
    window.sees("2-factor authentication")
    window.type_into("6-digit code", app.code())
    window.is_in("Alice")
    skips_to_the_content(window)


def finance_requires_2fa_of_alice(world: World) -> str:
    """Make alice a member of a group that requires 2-factor authentication; return her address."""
    world.group("Finance", required=True)
    return world.person("alice", groups_=("Finance",))


def skips_to_the_content(window: Window) -> None:
    """Take the first Tab of the page, which offers to skip what stands above its content."""
    window.page.keyboard.press("Tab")
    expect(window.page.get_by_text("Skip to main content")).to_be_in_viewport()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("main")).to_be_focused()
