"""Which logins are told to their owner by email: in a new browser, or in one that is remembered now."""

import pytest

from mfa_app.core.passwords import hashing
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.stories import alice_logged_out, alice_remembered
from tests.support.world import World

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
TOLD = "new_login"


def told(world: World, name: str = "alice") -> int:
    return world.mails(name).count(TOLD)


def words(world: World) -> str:
    return " ".join(world.words_of_last_mail().split())


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice, logged out, in the one browser that she has used."""
    return world.after(alice_logged_out)


@pytest.fixture
def linked(world: World) -> Visitor:
    """The browser of alice of Finance, who has an app; remembered, and logged out."""
    return world.after(alice_remembered)


def test_the_first_login_ever_is_told_to_nobody(world: World, alice: Visitor) -> None:
    assert told(world) == 0


@both_databases
def test_a_login_in_a_new_browser_is_told_with_browser_and_address(world: World, alice: Visitor) -> None:
    eve = world.visitor(address="203.0.113.7", browser=CHROME)
    world.password_given("alice", eve)
    assert told(world) == 1
    assert "in a browser that isn't known to be yours" in words(world)
    assert "IP address: 203.0.113.7" in words(world)
    assert "Browser: Chrome on Windows" in words(world)


@both_databases
def test_the_mail_locks_the_account_and_the_thief_is_out_at_the_next_click(
    world: World, alice: Visitor
) -> None:
    eve = world.password_given("alice")
    assert eve.open("/account").path == "/account"
    reader = world.visitor()
    reader.open(world.link_in_last_mail())
    reader.press("Lock my account")
    assert eve.open("/account").path == "/login"


def test_a_known_browser_is_told_to_nobody(world: World, alice: Visitor) -> None:
    world.password_given("alice", alice)
    assert told(world) == 0


def test_nor_another_network_address_of_it(world: World, alice: Visitor) -> None:
    world.password_given("alice", alice.copy(address="203.0.113.7"))
    assert told(world) == 0


def test_a_password_that_has_not_yet_passed_the_second_gate_is_told_to_nobody(
    world: World, linked: Visitor
) -> None:
    before = told(world)
    eve = world.password_given("alice")
    assert eve.current.path == "/login/code"
    assert told(world) == before


def test_a_new_browser_that_is_remembered_at_once_is_one_mail(world: World, linked: Visitor) -> None:
    before = told(world)
    world.log_in_and_wait("alice", remember=True)
    assert told(world) == before + 1
    assert "in a browser that isn't known to be yours" in words(world)
    assert "until then your password alone opens your account there" in words(world)


def test_a_known_browser_that_is_remembered_anew_is_told(world: World, linked: Visitor) -> None:
    before = told(world)
    linked.client.delete_cookie(next(c.key for c in linked.held_cookies if c.key.startswith("device-")))
    world.log_in_and_wait("alice", linked, remember=True)
    assert told(world) == before + 1
    assert "in a browser that you use, and had it remembered" in words(world)


def test_a_login_on_a_remembered_device_is_told_to_nobody(world: World, linked: Visitor) -> None:
    before = told(world)
    assert world.password_given("alice", linked).current.path == "/"
    assert told(world) == before


def test_linking_at_a_login_is_told_by_its_own_mail_alone(world: World, linked: Visitor) -> None:
    before = told(world)
    world.reset("alice")
    world.link_and_wait("alice")
    assert world.mails("alice")[-1] == "linked"
    assert told(world) == before


def test_a_recovery_code_is_told_by_its_own_mail_alone(world: World, linked: Visitor) -> None:
    owner = world.log_in_and_wait("alice")
    (code, *_others) = world.recovery_codes(owner)
    before = told(world)
    eve = world.password_given("alice")
    eve.submit("/login/code", code=code)
    assert world.mails("alice")[-1] == "recovery_code_used"
    assert told(world) == before


def test_confirming_within_a_session_is_told_to_nobody(world: World, linked: Visitor) -> None:
    owner = world.log_in_and_wait("alice")
    before = told(world)
    world.clock.advance(minutes=21)
    owner.open("/account/password")
    owner.press("Confirm", code=world.phones["alice"].code())
    assert told(world) == before


@both_databases
@pytest.mark.inside
@pytest.mark.parametrize("second_gate", [False, True])
def test_a_browser_stays_known_where_the_login_renews_the_hash(
    world: World, alice: Visitor, second_gate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise everybody would get this mail after the cost of hashes has changed."""
    if second_gate:
        world.link_and_wait("alice", alice)
        alice.press("Log out")
    monkeypatch.setattr(hashing, "needs_rehash", lambda _hashed: True)
    assert world.log_in_and_wait("alice", alice).current.path == "/"
    assert told(world) == 0
