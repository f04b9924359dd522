"""Passkeys in a real Chromium, with an authenticator that it makes up (WebAuthn's virtual authenticators)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Route, expect

from mfa_app.core.users import account_lock, accounts
from tests.support.browser import Visitor
from tests.support.chromium import Window
from tests.support.stories import alice_just_linked
from tests.support.world import PASSWORD, TERMINAL, World

pytestmark = pytest.mark.browser

SITE_KNOWN_BY_NAME = "localhost"
CODE = "6-digit code"
ALONE = "Log in with a passkey"
REFUSED_ALONE = "You can't log in with this passkey here."

OFFERS_NONE = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


class Device:
    """The authenticator of a window: a phone or laptop with a screen lock, which its user can open."""

    def __init__(self, window: Window, *, offers_itself: bool = True) -> None:
        self._session: CDPSession = window.context.new_cdp_session(window.page)
        if not offers_itself:
            self._session.send("Page.enable")
            self._session.send("Page.addScriptToEvaluateOnNewDocument", {"source": OFFERS_NONE})
        self._session.send("WebAuthn.enable", {"enableUI": False})
        settings = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self._send("addVirtualAuthenticator", options=settings)["authenticatorId"]

    def _send(self, command: str, **values: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._session.send(f"WebAuthn.{command}", values)
        return answer

    def put_away(self) -> None:
        """Leave the page as if the authenticator had never been there: all of it ends with the session."""
        self._session.detach()

    def passkeys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send("getCredentials", authenticatorId=self._id)["credentials"]
        return found

    def keep(self, passkey: dict[str, Any]) -> None:
        self._send("addCredential", authenticatorId=self._id, credential=passkey)

    def lose_all(self) -> None:
        self._send("clearCredentials", authenticatorId=self._id)

    def knows_the_user(self, verified: bool) -> None:
        self._send("setUserVerified", authenticatorId=self._id, isUserVerified=verified)


@pytest.fixture
def new_device(new_window: Callable[..., Window]) -> Iterator[Callable[..., Device]]:
    """Put authenticators into windows, and put them away before the windows are somebody else's."""
    devices: list[Device] = []

    def put_into(window: Window, **ways: bool) -> Device:
        devices.append(Device(window, **ways))
        return devices[-1]

    yield put_into
    for device in devices:
        device.put_away()


@pytest.fixture
def device(at_work: Window, new_device: Callable[..., Device]) -> Device:
    """The authenticator of alice. The window offers no passkeys by itself."""
    return new_device(at_work, offers_itself=False)


@pytest.fixture
def site(site: str) -> str:
    """The address of the site by its name: an IP address can have no passkeys."""
    return site.replace("127.0.0.1", SITE_KNOWN_BY_NAME)


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has just linked her app."""
    return world.after(alice_just_linked)


@pytest.fixture
def at_work(window: Window, alice: Visitor) -> Window:
    """A window in which alice is logged in, with a code just entered."""
    window.goes_on_as(alice)
    return window


def add(window: Window) -> None:
    window.open("/account")
    window.follow("Add a passkey")
    window.sees("Add a passkey")
    window.press("Add a passkey")
    window.sees("Your account")
    window.reads("The passkey is added")


def to_the_code_page(window: Window) -> None:
    window.log_out()
    window.give_password("alice@example.com")
    window.sees("2-factor authentication")


def test_a_group_that_accepts_passkeys_only_leads_from_the_code_to_a_passkey(
    world: World, at_work: Window, device: Device
) -> None:
    at_work.open("/")
    to_the_code_page(at_work)
    world.require("Finance", passkey_only=True)
    at_work.give_code(world.next_code("alice"))
    at_work.sees("Add a passkey")
    at_work.reads("Your group Finance accepts passkeys only.")
    at_work.press("Add a passkey")
    at_work.sees("Your account")
    assert len(device.passkeys()) == 1
    to_the_code_page(at_work)
    expect(at_work.page.get_by_label(CODE)).to_have_count(0)
    at_work.press("Use a passkey")
    at_work.is_in("Alice")


def test_alice_adds_a_passkey_and_logs_in_with_it(world: World, at_work: Window, device: Device) -> None:
    add(at_work)
    (passkey,) = device.passkeys()
    assert (passkey["rpId"], passkey["isResidentCredential"]) == (SITE_KNOWN_BY_NAME, True)
    to_the_code_page(at_work)
    at_work.press("Use a passkey")
    at_work.is_in("Alice")
    assert world.methods("alice") == ["pwd hwk user"]


def test_the_browser_offers_the_passkey_by_itself_at_the_code(
    world: World, at_work: Window, new_device: Callable[..., Device]
) -> None:
    device = new_device(at_work)
    add(at_work)
    at_work.log_out()
    at_work.give_password("alice@example.com")
    at_work.is_in("Alice")
    assert len(device.passkeys()) == 1
    assert world.details("login.completed")["method"] == "passkey"


def test_who_has_a_passkey_alone_needs_no_code_to_log_in_or_to_confirm(
    world: World, alice: Visitor, at_work: Window, device: Device
) -> None:
    add(at_work)
    app = world.app_page("alice")
    at_work.page.locator(f"form[action='{app}/remove']").evaluate("form => form.submit()")
    at_work.reads("The app is removed")
    to_the_code_page(at_work)
    expect(at_work.page.get_by_label(CODE)).to_have_count(0)
    at_work.press("Use a passkey")
    at_work.is_in("Alice")
    world.clock.advance(minutes=21)
    at_work.open("/account/password")
    at_work.sees("Confirm it's you")
    at_work.press("Use a passkey")
    at_work.sees("Change password")


def test_the_box_for_remembering_counts_for_the_passkey_too(
    world: World, at_work: Window, device: Device
) -> None:
    add(at_work)
    to_the_code_page(at_work)
    at_work.page.get_by_label("Don't ask for a code on this device").uncheck()
    at_work.press("Use a passkey")
    at_work.is_in("Alice")
    assert "device.trusted" not in world.events("alice")


def test_after_a_cancelled_passkey_the_page_says_so_and_the_code_works(
    world: World, at_work: Window, device: Device
) -> None:
    add(at_work)
    device.lose_all()
    to_the_code_page(at_work)
    at_work.press("Use a passkey")
    at_work.reads("no passkey was found, or you cancelled")
    at_work.give_code(world.phones["alice"].code())
    at_work.is_in("Alice")


def test_a_second_passkey_on_the_same_device_is_not_made(at_work: Window, device: Device) -> None:
    add(at_work)
    at_work.follow("Add a passkey")
    at_work.press("Add a passkey")
    at_work.reads("has a passkey for your account already")
    assert len(device.passkeys()) == 1


def test_an_authenticator_that_knows_nobody_makes_none(at_work: Window, device: Device) -> None:
    device.knows_the_user(False)
    at_work.open("/account/passkeys")
    at_work.press("Add a passkey")
    at_work.reads("or you cancelled")
    assert device.passkeys() == []


def test_a_copy_with_an_older_counter_is_refused(world: World, at_work: Window, device: Device) -> None:
    add(at_work)
    (copy,) = device.passkeys()
    to_the_code_page(at_work)
    at_work.page.get_by_label("Don't ask for a code on this device").uncheck()
    at_work.press("Use a passkey")
    at_work.is_in("Alice")
    device.lose_all()
    device.keep(copy | {"signCount": 0})
    to_the_code_page(at_work)
    at_work.press("Use a passkey")
    at_work.reads("there may be a copy of it")
    assert world.details("code.refused")["reason"] == "counter"


def test_a_removed_passkey_is_not_even_asked(
    world: World, alice: Visitor, at_work: Window, device: Device
) -> None:
    add(at_work)
    at_work.page.locator("form[action$='/remove'][action*='/passkeys/']").evaluate("form => form.submit()")
    at_work.reads("The passkey is removed")
    to_the_code_page(at_work)
    expect(at_work.page.get_by_role("button", name="Use a passkey")).to_have_count(0)


def test_the_passkey_of_somebody_else_is_refused(
    world: World,
    new_window: Callable[..., Window],
    at_work: Window,
    device: Device,
    new_device: Callable[..., Device],
) -> None:
    add(at_work)
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.log_in_and_wait("bob")
    other = new_window()
    other.goes_on_as(bob)
    of_bob = new_device(other)
    add(other)
    (passkey,) = of_bob.passkeys()
    (own,) = device.passkeys()
    device.lose_all()
    device.keep({**passkey, "credentialId": own["credentialId"]})
    to_the_code_page(at_work)
    at_work.press("Use a passkey")
    at_work.reads("belongs to another account")


def needs_no_password(world: World) -> None:
    """Let passkeys of Finance log in alone, and wait until the login page has noticed."""
    world.require("Finance", passkey_alone=True)
    world.clock.advance(minutes=1)


@pytest.fixture
def logged_out(world: World, at_work: Window, device: Device) -> Window:
    """The window of alice at the login page. Her passkey needs no password."""
    needs_no_password(world)
    add(at_work)
    at_work.log_out()
    return at_work


def test_alice_logs_in_with_her_passkey_alone(world: World, logged_out: Window) -> None:
    logged_out.press(ALONE)
    logged_out.is_in("Alice")
    assert world.methods("alice") == ["hwk user"]
    assert world.details("login.completed") == {"method": "passkey alone"}
    logged_out.open("/account/password")
    logged_out.sees("Change password")


def test_the_browser_offers_the_passkey_by_itself_at_the_login(
    world: World, at_work: Window, new_device: Callable[..., Device]
) -> None:
    needs_no_password(world)
    device = new_device(at_work)
    add(at_work)
    at_work.press("Log out")
    at_work.is_in("Alice")
    assert len(device.passkeys()) == 1
    assert world.details("login.completed") == {"method": "passkey alone"}


def test_without_the_passkey_the_login_page_says_so_and_the_password_works(
    logged_out: Window, device: Device
) -> None:
    device.lose_all()
    logged_out.press(ALONE)
    logged_out.reads("no passkey was found, or you cancelled")
    logged_out.fill_in_login("alice@example.com", PASSWORD)
    logged_out.sees("2-factor authentication")


def is_disabled(world: World) -> None:
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())


def locks_her_account(world: World) -> None:
    with world.data():
        account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize("happens", [is_disabled, locks_her_account])
def test_no_passkey_opens_an_account_that_is_closed(
    world: World, logged_out: Window, happens: Callable[[World], None]
) -> None:
    happens(world)
    logged_out.press(ALONE)
    logged_out.reads(REFUSED_ALONE)
    logged_out.sees("Log in")
    assert world.methods("alice") == []


def test_a_passkey_that_has_not_checked_its_user_opens_nothing_alone(
    world: World, logged_out: Window, device: Device
) -> None:
    """A page that eve has changed asks for no check, and the authenticator makes none."""

    def ask_for_no_check(route: Route) -> None:
        question = route.fetch()
        route.fulfill(response=question, json=question.json() | {"userVerification": "discouraged"})

    logged_out.page.route("**/login/passkey-alone/question", ask_for_no_check, times=1)
    device.knows_the_user(False)
    logged_out.press(ALONE)
    logged_out.reads(REFUSED_ALONE)
    assert world.details("code.refused")["reason"] == "not verified"


def test_a_question_that_waited_too_long_is_refused(world: World, at_work: Window, device: Device) -> None:
    add(at_work)
    to_the_code_page(at_work)

    def answer_with_an_old_question(route: Route) -> None:
        question = route.fetch()
        world.clock.advance(minutes=6)
        route.fulfill(response=question)

    at_work.page.route("**/login/passkey/question", answer_with_an_old_question, times=1)
    at_work.press("Use a passkey")
    at_work.reads("That took more than 5 minutes")


def test_at_an_address_that_is_a_number_the_page_says_where_to_go(
    world: World, alice: Visitor, new_window: Callable[..., Window], site: str
) -> None:
    window = new_window()
    window.site = site.replace(SITE_KNOWN_BY_NAME, "127.0.0.1")
    window.goes_on_as(alice)
    window.open("/account")
    window.reads("Passkeys work only at the address that they were made for")
    window.follow("Open it there")
    window.page.wait_for_url(f"{site}/login**")


def test_without_javascript_the_page_says_that_passkeys_need_it(
    world: World, alice: Visitor, new_window: Callable[..., Window]
) -> None:
    window = new_window(java_script_enabled=False)
    window.goes_on_as(alice)
    window.open("/account/passkeys")
    window.reads("Passkeys need JavaScript")
