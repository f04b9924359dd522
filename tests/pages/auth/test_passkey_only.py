"""Where a rule accepts passkeys only: no code, recovery code or remembered device opens the second gate."""

import pytest

from mfa_app.core.users import invitations
from tests.support.authenticator import Authenticator
from tests.support.browser import Visitor, named
from tests.support.databases import both_databases
from tests.support.passkeys import add_passkey, answer_by_passkey, asked_to_make
from tests.support.stories import carol_at_work
from tests.support.world import PASSWORD, TERMINAL, World

WHY = "Your group Finance accepts passkeys only."
PAGES = ("/", "/account", "/enrolment", "/account/recovery-codes", "/account/password")


def require_passkeys(world: World) -> None:
    world.require("Finance", passkey_only=True)


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has an app and has entered a code."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    return world.log_in_and_wait("alice", remember=True)


def add(visitor: Visitor, device: Authenticator) -> None:
    """Add a passkey on the page at hand."""
    visitor.press("Add a passkey", credential=device.make(asked_to_make(visitor)))


@both_databases
def test_a_code_opens_only_the_page_that_adds_a_passkey(world: World, alice: Visitor) -> None:
    alice.press("Log out")
    require_passkeys(world)
    again, device = world.log_in_and_wait("alice"), Authenticator()
    assert again.current.path == "/account/passkeys"
    assert WHY in again.current.text
    assert "Not now" not in again.current.text
    assert {again.open(page).path for page in PAGES} == {"/account/passkeys"}
    add(again, device)
    assert again.open("/").path == "/"
    again.press("Log out")
    once_more = world.password_given("alice")
    assert answer_by_passkey(once_more, device).path == "/"


def test_who_is_logged_in_by_a_code_adds_a_passkey_with_a_fresh_code(world: World, alice: Visitor) -> None:
    world.clock.advance(minutes=30)
    require_passkeys(world)
    assert alice.open("/").path == "/login/again"
    alice.press("Confirm", code=world.phones["alice"].code())
    assert alice.current.path == "/account/passkeys"
    add(alice, Authenticator())
    assert alice.open("/").path == "/"


@both_databases
def test_no_code_and_no_remembered_device_counts_for_who_has_a_passkey(world: World, alice: Visitor) -> None:
    codes = world.recovery_codes(alice)
    device = Authenticator()
    add_passkey(alice, device)
    alice.press("Log out")
    remembered = world.password_given("alice")
    answer_by_passkey(remembered, device, remember="y")
    remembered.press("Log out")
    page = world.password_given("alice", remembered)
    assert page.current.path == "/", "a device is remembered while the rule is as it was"
    page.press("Log out")
    require_passkeys(world)
    again = world.password_given("alice", remembered)
    assert again.current.path == "/login/code"
    assert WHY in again.current.text
    assert named(again.current.html, "code") is None
    assert "recovery code" not in again.current.text
    assert "Don't ask" not in again.current.text
    assert (
        "Only passkeys count"
        in again.post("/login/code", code=world.phones["alice"].code(), follow=True).text
    )
    assert again.post("/login/recovery-code", code=codes[0], follow=True).path == "/login/code"
    assert again.open("/").path == "/login/code"
    assert answer_by_passkey(again, device).path == "/"


def test_a_code_confirms_nothing_either(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    require_passkeys(world)
    world.clock.advance(minutes=30)
    alice.open("/account/passkeys")
    assert alice.current.path == "/login/again"
    assert named(alice.current.html, "code") is None
    refused = alice.post("/login/again", code=world.phones["alice"].code(), follow=True)
    assert "Only passkeys count" in refused.text
    alice.open("/account/passkeys")
    assert answer_by_passkey(alice, device).path == "/account/passkeys"


@both_databases
def test_a_session_of_a_code_is_asked_for_the_passkey_once_the_rule_says_so(
    world: World, alice: Visitor
) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    alice.press("Log out")
    by_code = world.log_in_and_wait("alice")
    require_passkeys(world)
    assert by_code.open("/account").path == "/login/code"
    assert answer_by_passkey(by_code, device).path == "/account"


@both_databases
def test_between_password_and_passkey_the_rule_may_change(world: World, alice: Visitor) -> None:
    alice.press("Log out")
    require_passkeys(world)
    waiting = world.log_in_and_wait("alice")
    assert waiting.current.path == "/account/passkeys"
    world.require("Finance")
    assert waiting.open("/").path == "/"
    require_passkeys(world)
    assert waiting.open("/").path == "/account/passkeys"


def test_who_has_nothing_adds_a_passkey_first(world: World) -> None:
    world.group("Finance", required=True, passkey_only=True)
    world.person("alice", groups_=("Finance",))
    alice, device = world.password_given("alice"), Authenticator()
    assert alice.current.path == "/account/passkeys"
    assert alice.open("/enrolment").path == "/account/passkeys"
    add(alice, device)
    assert alice.open("/").path == "/"
    alice.press("Log out")
    assert answer_by_passkey(world.password_given("alice"), device).path == "/"


def test_until_the_grace_period_is_over_a_code_is_enough(world: World) -> None:
    world.group("Finance", required=True, passkey_only=True, grace_days=7)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice")
    assert "Add a passkey before" in alice.open("/").text
    assert "accepts passkeys only, from" in alice.open("/account").text
    alice.press("Log out")
    world.clock.advance(days=7)
    assert world.log_in_and_wait("alice").current.path == "/account/passkeys"


def test_a_reset_leads_to_adding_a_passkey(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    require_passkeys(world)
    world.reset("alice")
    assert world.password_given("alice").current.path == "/account/passkeys"


def test_the_only_passkey_stays(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    require_passkeys(world)
    page = alice.open("/account")
    assert "remove the passkey" not in page.text
    link = page.html.select_one("a[href^='/account/passkeys/'][href$='/name']")
    assert link is not None
    address = str(link["href"]).removesuffix("/name")
    assert "remove your only one" in alice.post(f"{address}/remove", follow=True).text
    add_passkey(alice, Authenticator())
    assert "remove the passkey" in alice.open("/account").text


def test_the_account_page_promises_nothing_that_does_not_count(world: World, alice: Visitor) -> None:
    world.recovery_codes(alice)
    add_passkey(alice, Authenticator())
    assert "After your password you use a passkey or enter a code" in alice.open("/account").text
    require_passkeys(world)
    said = alice.open("/account").text
    assert "You use a passkey each time you log in: no code and no remembered device counts." in said
    assert "enter a code" not in said
    assert "the recovery codes that you made don't open it" in said
    assert "Get new recovery codes" not in said
    assert "with your password alone" not in said


def test_no_recovery_codes_are_made_that_open_nothing(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    require_passkeys(world)
    assert alice.open("/account/recovery-codes?next=/").path == "/"
    assert alice.submit("/account/recovery-codes").path == "/account"
    assert "recovery_codes.made" not in world.events()


@both_databases
def test_administrators_without_a_passkey_are_named_and_come_in_by_a_code(world: World) -> None:
    carol = world.after(carol_at_work)
    carol.open("/admin/policy")
    carol.press("Continue", required="y", passkey_only="y")
    assert "must then add a passkey" in carol.current.text
    assert "No passkey" in carol.current.text
    carol.press("Switch on for 1 person")
    assert carol.current.path == "/account/passkeys"
    assert carol.open("/admin/policy").path == "/account/passkeys"
    add(carol, Authenticator())
    assert carol.open("/admin/policy").path == "/admin/policy"
    assert "Passkey only: no → yes" in carol.open("/admin/trail").text


def test_who_is_invited_with_a_role_adds_a_passkey_by_the_link(world: World) -> None:
    world.require(None, passkey_only=True)
    world.person("dave", password=None)
    with world.data():
        world.user("dave").link_required = False
        invitations.invite(world.user("dave"), actor=TERMINAL, now=world.clock())
    world.deliver()
    dave = world.visitor()
    dave.open(world.link_in_last_mail())
    dave.press("Save password", password=PASSWORD)
    assert dave.current.path == "/account/passkeys"
    assert world.password_given("dave").page.path == "/login/link-needed"
    add(dave, Authenticator())
    assert dave.open("/admin/people").path == "/admin/people"
