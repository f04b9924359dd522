"""Linking an app: the page shows one QR code until it expires, and believes it when a code proves it."""

import base64
import io
from collections.abc import Callable

import pytest
import zxingcpp
from flask import Flask
from PIL import Image

from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Authenticator, AuthSession, PendingEnrolment, Role
from tests.support.browser import Page, Visitor
from tests.support.clock import FakeClock
from tests.support.stories import alice_at_the_linking_page
from tests.support.world import PASSWORD, TERMINAL, World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has given her password for the first time."""
    return world.after(alice_at_the_linking_page)


def uri(page: Page) -> str:
    return page.html.find("a", href=lambda value: value and value.startswith("otpauth:"))["href"]


def qr_text(page: Page) -> str:
    """Return what a camera reads from the page's QR code."""
    picture = page.html.find("img", src=lambda value: value.startswith("data:image/png;base64,"))
    return zxingcpp.read_barcode(Image.open(io.BytesIO(base64.b64decode(picture["src"].split(",")[1])))).text


def step_with_the_qr_code(page: Page) -> str:
    return page.html.find(class_="step-scan").get_text()


def typed_secret(page: Page) -> list[str]:
    return [span.get_text() for span in page.html.find(class_="secret").find_all("span")]


def test_the_password_leads_to_the_linking_page_and_nowhere_else(alice: Visitor) -> None:
    for path in ("/", "/account", "/account/password", "/login/code"):
        assert alice.open(path).path == "/enrolment"
    assert "Finance requires" in alice.page.text


def test_picture_link_and_text_hold_one_secret(alice: Visitor) -> None:
    groups = typed_secret(alice.page)
    assert {len(group) for group in groups} == {4}
    assert qr_text(alice.page) == uri(alice.page)
    assert f"secret={''.join(groups)}&" in uri(alice.page)
    assert alice.page.html.find(attrs={"data-copy": "".join(groups)})


LONG_ADDRESS = f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.com"
LONGEST_WHEN_QUOTED = f"{chr(0x1F600) * 16}@{'.'.join([chr(0x4E2D) * 15] * 3)}.com"


@pytest.mark.usefixtures("true_masks")
@pytest.mark.parametrize(
    ("site_name", "address"),
    [
        ("N" * 60, LONG_ADDRESS),
        ("\u00d6" * 60, LONGEST_WHEN_QUOTED),
        ("\U0001f512" * 30, LONGEST_WHEN_QUOTED),
    ],
)
def test_the_longest_names_still_make_a_picture_that_a_camera_reads(
    app_under: Callable[..., Flask], clock: FakeClock, site_name: str, address: str
) -> None:
    world = World(app_under(MFA_SITE_NAME=site_name), clock)
    world.person("alice")
    world.require(None)
    with world.data():
        profile = Profile(address, "\U0001f468\u200d\U0001f469" * 100, Role.STAFF)
        accounts.edit(world.user("alice"), profile, actor=TERMINAL, now=clock())
    visitor = world.visitor()
    visitor.open("/login")
    page = visitor.press("Log in", email=address, password=PASSWORD)
    assert (page.status, page.path) == (200, "/enrolment")
    assert qr_text(page) == uri(page)


def test_each_app_has_its_own_numbered_steps(alice: Visitor) -> None:
    parts = alice.page.html.find_all("details")
    for brand in ("Microsoft Authenticator", "Google Authenticator", "Authy", "Another app"):
        part = next(found for found in parts if brand in found.summary.get_text())
        assert len(part.ol.find_all("li")) >= 4, brand
        stores = {link.contents[0].strip() for link in part.find_all("a")}
        assert stores == (set() if brand == "Another app" else {"App Store", "Google Play"}), brand


def test_the_code_of_the_scanned_app_links_it_and_alice_is_in(world: World, alice: Visitor) -> None:
    before = alice.cookie("sid")
    phone = world.phone_that_scans(alice.page)
    alice.press("Enable", code=phone.code())
    assert "The platform is now linked to your authentication app. You are now logged in." in alice.page.text
    assert alice.page.path == "/account/recovery-codes"
    assert alice.follow("Not now").path == "/"
    assert alice.cookie("sid") != before
    assert world.details("authenticator.linked") == {"by_choice": False, "replaced": False, "app": None}
    assert world.mails("alice") == ["linked"]


def test_the_same_qr_code_survives_reloads_and_wrong_codes(world: World, alice: Visitor) -> None:
    first = uri(alice.page)
    wrong = world.phone_that_scans(alice.page).wrong_code()
    for _ in range(3):
        world.clock.advance(minutes=6)
        alice.open("/enrolment")
        assert uri(alice.page) == first
        assert alice.press("Enable", code=wrong).status == 400
        assert uri(alice.page) == first
    assert "code is wrong" in alice.page.text


def test_the_qr_code_lasts_as_long_as_the_right_to_link_an_app(world: World, alice: Visitor) -> None:
    old = world.phone_that_scans(alice.page)
    assert "Valid for 20 more minutes" in alice.page.text
    world.clock.advance(minutes=19, seconds=59)
    assert world.phone_that_scans(alice.open("/enrolment")).secret == old.secret
    world.clock.advance(seconds=1)
    assert alice.press("Enable", code=old.code()).title == "Confirm it's you"
    alice.press("Confirm", password=PASSWORD)
    assert world.phone_that_scans(alice.page).secret != old.secret
    alice.press("Enable", code=old.code())
    assert alice.page.status == 400
    assert world.count(Authenticator) == 0


def test_a_code_from_a_page_of_before_gets_a_new_qr_code_and_a_sentence(world: World, alice: Visitor) -> None:
    old = world.phone_that_scans(alice.page)
    world.clock.advance(minutes=20)
    alice.open("/login/again")
    alice.press("Confirm", follow=False, password=PASSWORD)
    alice.open("/login/again")
    alice.post("/enrolment", follow=True, code=old.code())
    assert alice.page.status == 400
    assert "Delete the entry it made in your app" in step_with_the_qr_code(alice.page)
    assert world.phone_that_scans(alice.page).secret != old.secret


def test_a_secret_noted_with_a_copied_cookie_ends_when_alice_confirms_anew(
    world: World, alice: Visitor
) -> None:
    eve = world.visitor()
    eve.client.set_cookie("sid", alice.cookie("sid"))
    noted = world.phone_that_scans(eve.open("/enrolment"))
    assert uri(alice.open("/enrolment")) == uri(eve.page)
    world.clock.advance(seconds=1)
    alice.open("/login/again")
    alice.press("Confirm", follow=False, password=PASSWORD)
    alice.open("/login/again")
    assert eve.open("/enrolment").path == "/login"
    alice.post("/enrolment", follow=True, code=noted.code())
    assert alice.page.status == 400
    assert "Delete the entry it made in your app" in step_with_the_qr_code(alice.page)
    shown = world.phone_that_scans(alice.page)
    assert shown.secret != noted.secret
    assert world.phone_that_scans(alice.open("/enrolment")).secret == shown.secret
    assert world.count(PendingEnrolment) == 1


def test_a_page_opened_after_confirming_anew_shows_a_new_qr_code(world: World, alice: Visitor) -> None:
    before = uri(alice.page)
    world.clock.advance(seconds=1)
    alice.open("/login/again")
    alice.press("Confirm", password=PASSWORD)
    assert uri(alice.open("/enrolment")) != before


def test_nothing_is_linked_before_a_code_proves_it(world: World, alice: Visitor) -> None:
    wrong = world.phone_that_scans(alice.page).wrong_code()
    for code in ("", "12345", wrong):
        alice.press("Enable", code=code)
        assert alice.page.path == "/enrolment"
    assert world.count(Authenticator) == 0
    assert alice.open("/").path == "/enrolment"


def test_two_tabs_show_one_qr_code_and_two_browsers_two(world: World, alice: Visitor) -> None:
    first = uri(alice.page)
    assert uri(alice.open("/enrolment")) == first
    assert uri(world.password_given("alice").page) != first


def test_the_code_of_another_browsers_qr_code_links_nothing(world: World, alice: Visitor) -> None:
    eve = world.password_given("alice")
    alice.press("Enable", code=world.phone_that_scans(eve.page).code())
    assert alice.page.status == 400
    assert world.count(Authenticator) == 0


def test_linking_ends_what_eve_began_with_the_password(world: World, alice: Visitor) -> None:
    eve = world.password_given("alice")
    phone = world.phone_that_scans(eve.page)
    alice.press("Enable", code=world.phone_that_scans(alice.page).code())
    eve.press("Enable", code=phone.code())
    assert eve.page.path == "/login"
    assert world.count(AuthSession) == 1
    assert world.count(PendingEnrolment) == 0


def test_linking_alone_does_not_remember_the_device(world: World, alice: Visitor) -> None:
    world.phones["alice"] = world.phone_that_scans(alice.page)
    alice.press("Enable", code=world.phones["alice"].code())
    alice.press("Log out")
    assert world.password_given("alice", alice).page.path == "/login/code"


def test_the_code_that_linked_is_burned(world: World, alice: Visitor) -> None:
    phone = world.phone_that_scans(alice.page)
    alice.press("Enable", code=phone.code())
    eve = world.password_given("alice")
    eve.press("Log in", code=phone.code())
    assert "already been used" in eve.page.text


def test_once_linked_the_page_shows_no_secret_to_the_password_alone(world: World, alice: Visitor) -> None:
    secret = world.phone_that_scans(alice.page).secret
    alice.press("Enable", code=world.phone_that_scans(alice.page).code())
    eve = world.password_given("alice")
    assert eve.open("/enrolment").path == "/login/code"
    assert secret not in eve.page.response.text
    assert "otpauth" not in eve.page.response.text


def test_guessing_at_the_linking_page_has_an_end_too(world: World, alice: Visitor) -> None:
    wrong = world.phone_that_scans(alice.page).wrong_code()
    statuses = [alice.press("Enable", code=wrong).status for _ in range(11)]
    assert statuses == [400] * 10 + [429]
    assert alice.page.response.headers["Retry-After"] == "30"
    assert world.events("alice").count("code.refused") == 10
    assert world.details("code.refused") == {
        "purpose": "linking",
        "reason": "wrong",
        "seen": None,
        "failures": 10,
    }


def test_the_page_is_kept_nowhere(alice: Visitor) -> None:
    assert alice.page.response.headers["Cache-Control"] == "no-store"
    secret = "".join(typed_secret(alice.page))
    assert secret not in alice.cookie("form")
    assert not [a for a in alice.page.html.find_all(src=True) if "secret" in a["src"]]


def test_somebody_else_may_log_in_instead(alice: Visitor, world: World) -> None:
    alice.press("Not you? Log in as someone else")
    assert alice.page.path == "/login"
    assert world.count(PendingEnrolment) == 0


def test_bob_links_by_choice_and_is_asked_from_then_on(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    bob.open("/account")
    page = bob.open("/enrolment")
    assert page.path == "/enrolment"
    bob.press("Enable", code=world.phone_that_scans(page).code())
    assert world.details("authenticator.linked") == {"by_choice": True, "replaced": False, "app": None}
    bob.press("Log out")
    assert world.password_given("bob", bob).page.path == "/login/code"


def test_a_new_phone_takes_the_place_of_the_old_one(world: World, alice: Visitor) -> None:
    old = world.phone_that_scans(alice.page)
    alice.press("Enable", code=old.code())
    new = world.phone_that_scans(alice.open(world.replacement_page("alice")))
    assert new.secret != old.secret
    alice.press("Enable", code=new.code())
    assert world.details("authenticator.linked") == {"by_choice": False, "replaced": True, "app": None}
    world.clock.advance(seconds=60)
    eve = world.password_given("alice")
    assert eve.press("Log in", code=old.code()).status == 400
    assert eve.press("Log in", code=new.code()).path == "/"


def test_moving_to_a_new_phone_asks_for_a_fresh_code_first(world: World, alice: Visitor) -> None:
    alice.press("Enable", code=world.phone_that_scans(alice.page).code())
    world.clock.advance(minutes=20)
    page = alice.open(world.replacement_page("alice"))
    assert page.path == "/login/again"
    assert "otpauth" not in page.response.text


def test_required_in_grace_alice_may_link_later_and_is_reminded(world: World) -> None:
    world.group("Sales", required=True, grace_days=7)
    world.person("bob", groups_=("Sales",))
    bob = world.password_given("bob")
    assert bob.page.path == "/"
    assert "Link an authentication app or add a passkey before" in bob.page.text
    world.clock.advance(days=7)
    assert world.password_given("bob").page.path == "/enrolment"


def test_grace_ends_for_a_session_that_is_open(world: World) -> None:
    world.group("Sales", required=True, grace_days=1)
    world.person("bob", groups_=("Sales",))
    world.clock.advance(hours=23, minutes=30)
    bob = world.password_given("bob")
    assert bob.page.path == "/"
    world.clock.advance(minutes=30)
    assert bob.open("/account").path == "/login/again"
    assert "Your account now needs 2-factor authentication" in bob.page.text
    assert bob.press("Confirm", password=PASSWORD).path == "/enrolment"
    assert "Sales requires" in bob.page.text
    bob.press("Enable", code=world.phone_that_scans(bob.page).code())
    assert bob.follow("Not now").path == "/account"


def test_the_password_shown_again_makes_no_browser_known_before_an_app_is_linked(
    world: World, alice: Visitor
) -> None:
    world.clock.advance(minutes=20)
    alice.open("/enrolment")
    assert alice.press("Confirm", password=PASSWORD).path == "/enrolment"
    assert alice.cookie("known") is None


def test_whoever_must_show_the_password_again_may_log_in_as_somebody_else(
    world: World, alice: Visitor
) -> None:
    world.clock.advance(minutes=20)
    alice.open("/enrolment")
    assert alice.press("Not you? Log in as someone else").path == "/login"


def test_a_requirement_lifted_while_linking_strands_nobody(world: World, alice: Visitor) -> None:
    world.require("Finance", False)
    assert alice.open("/").path == "/"


def test_switching_a_group_off_and_on_makes_nobody_scan_anew(world: World, alice: Visitor) -> None:
    world.phones["alice"] = world.phone_that_scans(alice.page)
    alice.press("Enable", code=world.phones["alice"].code())
    alice.press("Log out")
    world.clock.advance(seconds=30)
    world.require("Finance", False)
    assert world.password_given("alice").page.path == "/"
    world.require("Finance", True)
    assert world.log_in_and_wait("alice").page.path == "/"


def test_whoever_links_by_choice_can_log_out_instead(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    bob.open("/enrolment")
    assert bob.press("Log out").path == "/login"
    assert bob.open("/").path == "/login"
