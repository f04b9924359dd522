"""A browser in which somebody has been let in counts by itself until that person's password changes."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from mfa_app.core.factors import own_factors
from mfa_app.core.passwords import change, hashing
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import Ending, Throttle, User
from tests.support.browser import Page, Visitor, named
from tests.support.changes import change_role, end_access, reset
from tests.support.stories import alice_logged_out, alice_with_an_old_hash
from tests.support.world import PASSWORD, TERMINAL, World

WRONG = "seven loud lanterns by the river"
NEW = "eleven slow trams across the bridge"


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice, logged out, in a browser that is known to her."""
    return world.after(alice_logged_out)


def attempt(visitor: Visitor, email: str = "alice@example.com", password: str = PASSWORD) -> Page:
    """Give address and password on the login page, which may be there from the last time."""
    if not (visitor.page and named(visitor.page.html, "password")):
        visitor.open("/login")
    return visitor.press("Log in", email=email, password=password)


def is_known(world: World, visitor: Visitor) -> bool:
    """Say whether a wrong password from this browser counts by itself."""
    stranger = Throttle.key == f"password:{world.id_of('alice')}"
    before = world.count(Throttle, stranger)
    assert attempt(visitor, password=WRONG).status == 400
    return world.count(Throttle, stranger) == before


def test_guessing_from_an_office_shuts_out_no_known_browser(world: World, alice: Visitor) -> None:
    eve = world.visitor()
    for number in range(31):
        attempt(eve, f"nobody{number}@example.com")
    assert eve.page.status == 429
    assert attempt(alice).path == "/"
    alice.press("Log out")
    assert [attempt(alice, password=WRONG).status for _ in range(6)] == [400] * 5 + [429]
    assert attempt(alice, "nobody@example.com").status == 429  # here it is as unknown as any other


def test_wrong_passwords_from_strangers_do_not_lock_the_known_browser(world: World, alice: Visitor) -> None:
    with world.data():
        key = f"{limits.PASSWORD_UNKNOWN_BROWSER.name}:{world.user('alice').id}"
    for number in range(8):
        attempt(world.visitor(address=f"203.0.113.{number}"), "alice@example.com", WRONG)
    assert world.count(Throttle, Throttle.key == key, Throttle.failures == 5) == 1
    assert attempt(alice).path == "/"
    assert attempt(world.visitor(address="203.0.113.99"), "alice@example.com").status == 429


def test_the_known_browser_has_a_counter_of_its_own(world: World, alice: Visitor) -> None:
    assert [attempt(alice, password=WRONG).status for _ in range(6)] == [400] * 5 + [429]
    assert attempt(world.visitor(), "alice@example.com").path == "/"


def test_the_password_alone_makes_no_browser_known_where_a_code_is_asked(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    eve = world.password_given("alice")
    assert eve.cookie("known") is None
    assert not is_known(world, eve)


def test_nor_where_an_app_must_be_linked_first(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    assert alice.cookie("known") is None
    alice.press("Enable", code=world.phone_that_scans(alice.page).code())
    alice.press("Log out")
    assert is_known(world, alice)


def test_after_the_code_it_is_known(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice")
    alice.press("Log out")
    assert is_known(world, alice)


def test_a_new_password_makes_a_stranger_of_it(world: World, alice: Visitor) -> None:
    with world.data():
        change.set_from_terminal(world.user("alice"), NEW, actor=TERMINAL, now=world.clock())
    assert not is_known(world, alice)


def test_the_browser_in_which_the_password_is_changed_stays_known(world: World, alice: Visitor) -> None:
    attempt(alice)
    alice.open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    alice.press("Log out")
    assert is_known(world, alice)


def test_a_login_from_a_new_browser_leaves_strangers_what_they_have_used_up(world: World) -> None:
    world.person("alice")
    eve = world.visitor()
    for _ in range(4):
        attempt(eve, password=WRONG)
    alice = world.visitor()
    assert attempt(alice).path == "/"
    assert [attempt(eve, password=WRONG).status for _ in range(2)] == [400, 429]


def test_eve_hears_the_same_whether_alice_logs_in_meanwhile_or_has_no_account(world: World) -> None:
    world.person("alice")
    heard = {}
    start = world.clock.moment
    for name in ("alice", "nobody"):
        world.clock.moment = start
        eve = world.visitor(address=f"2001:db8:{len(heard)}::1")
        heard[name] = []
        for _ in range(9):
            page = attempt(eve, f"{name}@example.com", WRONG)
            heard[name].append((page.status, page.response.headers.get("Retry-After")))
            world.clock.advance(seconds=2)
            attempt(world.visitor(address="198.51.100.7"), "alice@example.com")
    assert heard["alice"] == heard["nobody"]
    assert 429 in {status for status, _ in heard["nobody"]}


def test_own_mistakes_in_a_new_browser_are_taken_back_by_the_login(world: World) -> None:
    world.person("alice")
    stranger = Throttle.key == f"password:{world.id_of('alice')}"
    eve = world.visitor()
    attempt(eve, password=WRONG)
    for _ in range(5):  # a browser that keeps no cookie beyond the login
        alice = world.visitor()
        assert [attempt(alice, password=WRONG).status for _ in range(3)] == [400] * 3
        assert attempt(alice).path == "/"
        assert world.count(Throttle, stranger, Throttle.failures == 1) == 1


def test_mistakes_with_one_address_are_taken_back_from_no_other(world: World) -> None:
    world.people("alice", "bob")
    browser = world.visitor()
    for _ in range(3):
        attempt(browser, password=WRONG)
    attempt(world.visitor(), "bob@example.com", WRONG)
    assert attempt(browser, "bob@example.com").path == "/"
    assert world.count(Throttle, Throttle.key == f"password:{world.id_of('bob')}") == 1


def unlink(world: World) -> None:
    own_factors.delete_all(world.user("alice").id, Ending.REMOVED, now=world.clock())


@pytest.mark.parametrize("change", [change_role, end_access, reset, unlink])
def test_nothing_else_makes_a_stranger_of_it(
    world: World, alice: Visitor, change: Callable[[World], None]
) -> None:
    with world.data():
        change(world)
    assert is_known(world, alice)


def test_it_is_known_too_where_the_hash_has_just_been_renewed(world: World) -> None:
    alice_with_an_old_hash(world)
    alice = world.password_given("alice")
    alice.press("Log out")
    assert is_known(world, alice)


@pytest.mark.inside
def test_it_is_known_too_where_another_login_has_renewed_the_hash_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice_with_an_old_hash(world)
    hash_password = hashing.hash_password

    def after_another_login(password: str, **options: bool) -> str:
        with world.data():
            db.session.execute(update(User).values(password_hash=hash_password(password)))
        return hash_password(password, **options)

    monkeypatch.setattr(hashing, "hash_password", after_another_login)
    alice = world.password_given("alice")
    monkeypatch.undo()
    alice.press("Log out")
    assert is_known(world, alice)


def fail_a_hundred_times(world: World, visitor: Visitor) -> None:
    """Let the browser give its hundredth wrong password; all but the ends are skipped."""
    attempt(visitor, password=WRONG)
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.like("known:%")).values(failures=99))
    assert attempt(visitor, password=WRONG).status == 400
    assert world.details("password.closed") == {"to": "known browser", "failures": 100}
    world.clock.advance(days=400)


def test_at_a_hundred_it_ends_until_a_mailed_link(world: World, alice: Visitor) -> None:
    fail_a_hundred_times(world, alice)
    assert "Forgot your password" in attempt(alice).text
    alice.open("/password/forgotten")
    alice.press("Send the link", email="alice@example.com")
    alice.open(world.link_in_last_mail())
    alice.press("Save password", password=NEW)
    assert world.count(Throttle, Throttle.key.like("known:%")) == 0
    assert alice.press("Log in", email="alice@example.com", password=NEW).path == "/"


def test_the_own_password_asked_for_again_ends_at_a_hundred_too(world: World, alice: Visitor) -> None:
    attempt(alice)
    alice.open("/account/password")
    alice.press("Save password", current=WRONG, password=NEW)
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.like("known:%")).values(failures=100))
    page = alice.press("Save password", current=PASSWORD, password=NEW)
    assert page.status == 400
    assert "Forgot your password" in page.text
