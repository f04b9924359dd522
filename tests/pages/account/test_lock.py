"""An account that its owner locks: everything ends, nobody gets in, and the help desk opens it again."""

import re
from urllib.parse import unquote

import pytest

from mfa_app.core.helpdesk import opening
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import account_lock, accounts
from mfa_app.models import AuthSession, OneTimeLink, RememberedDevice
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.profiles import edit
from tests.support.stories import alice_on_a_remembered_device
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, WRONG, World

pytestmark = both_databases
NEW = "eleven slow trams across the bridge"
LOCK = "Lock my account"
REALLY = "Yes, lock my account"
REASON = "Called back on 4711, new password"


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance: logged in on a remembered device."""
    return world.after(alice_on_a_remembered_device)


def lock(alice: Visitor) -> Page:
    alice.open("/account")
    return alice.press(REALLY)


def lock_at_the_terminal(world: World, name: str = "alice") -> None:
    with world.data():
        account_lock.lock_for(world.user(name), actor=TERMINAL, now=world.clock())


def open_at_the_terminal(world: World, name: str = "alice") -> None:
    with world.data():
        opening.open_again(
            world.user(name), reason=REASON, checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    world.deliver()


def lock_link(world: World, name: str = "alice") -> str:
    """Return the path of a link as each mail about the security of an account has one."""
    with world.data():
        user = world.user(name)
        return "/link/" + one_time_links.create(Purpose.ACCOUNT_LOCK, user, now=world.clock())


def is_locked(world: World, name: str = "alice") -> bool:
    with world.data():
        return world.user(name).account_locked_at is not None


def test_a_lock_ends_everything_at_once(world: World, alice: Visitor) -> None:
    thief, begun = world.log_in_and_wait("alice"), world.password_given("alice")
    page = lock(alice)
    assert (page.path, page.title) == ("/locked", "Your account is locked")
    assert alice.cookie("sid") is None
    assert thief.open("/account").path == "/login"
    assert begun.open("/login/code").path == "/login"
    assert (world.count(AuthSession), world.count(RememberedDevice)) == (0, 0)
    assert world.details("person.locked") == {"way": "own page"}
    assert world.details("sessions.ended") == {"count": 3, "because": "account locked"}
    assert world.mails("alice")[-1] == "account_locked"
    words = world.words_of_last_mail()
    assert "Your account at Second Gate has been locked at your request." in " ".join(words.split())
    assert "IP address: " in words
    assert "lock my account" not in words


def test_a_lock_asks_for_no_fresh_code_because_somebody_else_may_have_the_app(
    world: World, alice: Visitor
) -> None:
    world.clock.advance(minutes=30)
    assert lock(alice).path == "/locked"
    assert is_locked(world)


def test_only_the_right_password_learns_of_the_lock(world: World, alice: Visitor) -> None:
    lock(alice)
    page = alice.give_password("alice@example.com", WRONG)
    assert "The email address or password is wrong." in page.text
    assert "locked" not in page.text
    page = alice.give_password("alice@example.com", PASSWORD)
    assert page.status == 400
    assert re.search(r"You locked this account on .+ 20\d\d\. Call the help desk", page.text)
    assert alice.cookie("sid") is None
    assert world.details("password.refused") == {"reason": "account locked", "failures": 2}
    assert "Please open my account at Second Gate again" in unquote(str(page.html.main))


def test_no_link_in_hand_and_no_forgotten_password_opens_a_locked_account(
    world: World, alice: Visitor
) -> None:
    with world.data():
        user, now = world.user("alice"), world.clock()
        tokens = [
            one_time_links.create(purpose, user, now=now)
            for purpose in (Purpose.PASSWORD_RESET, Purpose.ENROLMENT)
        ]
    lock(alice)
    assert [world.visitor().open(f"/link/{token}").status for token in tokens] == [410, 410]
    visitor, mails = world.visitor(), world.mails("alice")
    visitor.open("/password/forgotten")
    visitor.press("Send the link", email="alice@example.com")
    assert world.mails("alice") == mails


def test_a_lock_twice_is_one_lock(world: World, alice: Visitor) -> None:
    other = world.log_in_and_wait("alice")
    other.open("/account")
    lock(alice)
    assert other.press(REALLY).path == "/login"
    assert world.events().count("person.locked") == 1


def test_reading_a_mail_locks_nothing_and_its_button_does(world: World, alice: Visitor) -> None:
    link, scanner = lock_link(world), world.visitor()
    page = scanner.open(link)
    assert (page.path, page.title) == ("/lock", "Lock your account?")
    assert "alice@example.com" in page.text
    assert not is_locked(world)
    assert scanner.press(LOCK).path == "/locked"
    assert alice.open("/").path == "/login"
    assert world.details("person.locked") == {"way": "mailed link"}


def test_the_link_works_whoever_is_logged_in_there(world: World, alice: Visitor) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    bob.open(lock_link(world))
    assert bob.press(LOCK).path == "/locked"
    assert is_locked(world)
    assert bob.open("/").path == "/"


def test_a_thief_cannot_end_the_link(world: World, alice: Visitor) -> None:
    link = lock_link(world)
    alice.open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    alice.open("/account")
    alice.press("Yes, log out everywhere")
    visitor = world.visitor()
    visitor.open(link)
    assert visitor.press(LOCK).path == "/locked"
    assert is_locked(world)


def test_the_link_of_another_mail_then_says_that_the_account_is_locked(world: World, alice: Visitor) -> None:
    first, second = lock_link(world), lock_link(world)
    visitor = world.visitor()
    visitor.open(first)
    visitor.press(LOCK)
    assert visitor.open(first).status == 410
    assert visitor.open(second).title == "Your account is locked"


def test_the_link_works_for_thirty_days(world: World, alice: Visitor) -> None:
    link = lock_link(world)
    world.clock.advance(days=29)
    assert world.visitor().open(link).status == 200
    world.clock.advance(days=2)
    page = world.visitor().open(link)
    assert page.status == 410
    assert "If you wanted to lock your account, log in" in page.text


def test_the_link_of_a_disabled_account_does_nothing(world: World, alice: Visitor) -> None:
    link = lock_link(world)
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    assert world.visitor().open(link).status == 410


def test_a_page_of_another_link_locks_nobody(world: World, alice: Visitor) -> None:
    """Two mails in two tabs: the button belongs to the page that it stands on."""
    world.person("bob")
    visitor = world.visitor()
    before = visitor.open(lock_link(world)).value("link")
    visitor.open(lock_link(world, "bob"))
    assert visitor.submit("/lock", link=before).status == 400
    assert not is_locked(world)
    assert not is_locked(world, "bob")


def test_links_of_before_do_not_lock_an_account_that_is_open_again(world: World, alice: Visitor) -> None:
    link = lock_link(world)
    lock(alice)
    open_at_the_terminal(world)
    assert world.visitor().open(link).status == 410
    assert world.mails("alice")[-1] == "account_opened"
    assert world.visitor().open(world.link_in_last_mail()).title == "Lock your account?"


def test_what_a_lock_ended_stays_ended(world: World, alice: Visitor) -> None:
    """Neither session nor remembered device comes back; password and app are as before."""
    lock(alice)
    open_at_the_terminal(world)
    assert alice.open("/").path == "/login"
    assert world.password_given("alice", alice).page.path == "/login/code"
    assert alice.press("Log in", code=world.next_code("alice")).path == "/"


def test_locking_and_disabling_are_two_things(world: World, alice: Visitor) -> None:
    lock(alice)
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    open_at_the_terminal(world)
    page = alice.give_password("alice@example.com", PASSWORD)
    assert "Your account is closed, so you can't log in." in page.text
    lock_at_the_terminal(world)
    with world.data():
        accounts.enable(world.user("alice"), actor=TERMINAL, now=world.clock())
    assert is_locked(world)


def test_even_the_last_administrator_may_lock_their_own_account(world: World) -> None:
    world.linked_earlier("carol")
    assert lock(world.log_in_and_wait("carol")).path == "/locked"
    open_at_the_terminal(world, "carol")
    assert world.log_in_and_wait("carol").open("/admin").path == "/admin"


def test_a_new_address_ends_the_links_in_the_old_mailbox_but_the_last(world: World, alice: Visitor) -> None:
    link = lock_link(world)
    with world.data():
        edit(world.user("alice"), email="alice.new@example.com", actor=TERMINAL, now=world.clock())
    assert world.visitor().open(link).status == 410
    assert world.count(OneTimeLink, OneTimeLink.purpose == Purpose.ACCOUNT_LOCK) == 1
