"""A reset that leads to an access pass, or to a code by email, as both sides meet it in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from mfa_app.models import LinkProof
from tests.support.chromium import PHONE, Window
from tests.support.phone import Phone
from tests.support.site_parts import set_up_mail_server
from tests.support.world import World

pytestmark = pytest.mark.browser
ALICE = "alice@example.com"
CALLED = "I called back on the number in the directory"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The settings of the server: a reset leads to an access pass."""
    return {**environment, "MFA_RESET_LEADS_TO": "access-pass"}


@pytest.fixture
def people(world: World) -> World:
    """Alice of Finance, which requires 2FA, and dave of the help desk, who have an app."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.linked_earlier("dave")
    return world


def test_from_the_reset_to_the_pass_and_in(people: World, new_window: Callable[..., Window]) -> None:
    dave, alice = new_window(), new_window(**PHONE)
    dave.goes_on_as(people.log_in_and_wait("dave"))
    resets_alice(people, dave)
    shown = makes_a_pass(dave)
    alice.give_password(ALICE)
    alice.sees("Enter your access pass")
    assert alice.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    alice.field("Access pass").fill("KM7P 3XQT")
    alice.press("Continue")
    alice.reads("This access pass doesn't work.")
    alice.field("Access pass").fill(shown.lower().replace(" ", "-"))
    alice.press("Continue")
    app = alice.tap()
    alice.enable(app.code())
    alice.goes_on_without_recovery_codes()
    alice.is_in("Alice")
    opens_with_the_app(people, alice, app)


def resets_alice(people: World, dave: Window) -> None:
    dave.open(f"/admin/people/{people.id_of('alice')}")
    dave.follow("Reset 2-factor authentication")
    dave.reads("Before that they need an access pass, which you read out.")
    dave.field(CALLED).check()
    dave.field("Reason").fill("Phone lost")
    dave.press("Reset 2-factor authentication")
    dave.reads("who needs an access pass to link a new app")


def makes_a_pass(dave: Window) -> str:
    """Make a pass on the page of the person; return it as it is read out."""
    dave.follow("Make an access pass")
    dave.field(CALLED).check()
    dave.field("4 hours").check()
    dave.press("Make the access pass")
    dave.sees("Access pass for Alice")
    dave.reads("It works for 240 more minutes.")
    shown = dave.page.locator(".request-number").inner_text()
    assert re.fullmatch(r"\w{4} \w{4}", shown), shown
    dave.page.set_viewport_size({"width": 390, "height": 844})
    assert dave.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return shown


def opens_with_the_app(people: World, alice: Window, app: Phone) -> None:
    alice.log_out()
    people.clock.advance(seconds=30)
    alice.give_password(ALICE)
    alice.give_code(app.code())
    alice.is_in("Alice")


def test_a_code_by_email_is_sent_by_the_page_itself(people: World, new_window: Callable[..., Window]) -> None:
    set_up_mail_server(people.app)
    people.reset("alice")
    with people.data():
        people.user("alice").link_proof = LinkProof.EMAIL_CODE
    alice = new_window()
    alice.give_password(ALICE)
    alice.sees("Enter the code from your email")
    people.deliver()
    code = re.search(r"^(\d{6})$", people.words_of_last_mail(), re.M)
    assert code, people.words_of_last_mail()
    alice.field("6-digit code").fill(code[1])
    alice.press("Continue")
    alice.link()
    alice.is_in("Alice")
    expect(alice.page.get_by_role("button", name="Log out")).to_be_visible()
