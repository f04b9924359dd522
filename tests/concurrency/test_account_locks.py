"""A lock of an account beside what would open it, at two processes: nobody is in who should not be."""

import pytest

from mfa_app.core.factors import passkeys
from mfa_app.core.helpdesk import opening
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import account_lock
from tests.support.authenticator import Authenticator
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.passkeys import add_passkey
from tests.support.served_site import at_once
from tests.support.world import CALLED_BACK, TERMINAL, World

pytestmark = both_databases
ROUNDS = 2
NEW = "quiet harbour under a green dawn"


@pytest.fixture
def world(served_world: World) -> World:
    """A site that two processes serve."""
    return served_world


def at_the_button(world: World, name: str) -> Visitor:
    """Return a browser that has opened a link which locks somebody's account."""
    with world.data():
        user = world.user(name)
        token = one_time_links.create(Purpose.ACCOUNT_LOCK, user, now=world.clock())
    visitor = world.visitor()
    assert visitor.open(f"/link/{token}").path == "/lock"
    return visitor


def press(visitor: Visitor) -> Page:
    return visitor.press("Lock my account")


def is_locked(world: World, name: str) -> bool:
    with world.data():
        return world.user(name).account_locked_at is not None


def test_a_lock_beside_logins_leaves_nobody_logged_in(world: World) -> None:
    for _round in range(ROUNDS):
        name = world.newcomer()
        owner, browsers = at_the_button(world, name), [world.visitor() for _ in range(3)]
        at_once(
            lambda: press(owner),  # noqa: B023
            *[lambda b=browser: world.password_given(name, b) for browser in browsers],  # noqa: B023
        )
        assert is_locked(world, name)
        assert {browser.open("/").path for browser in browsers} == {"/login"}


def test_a_lock_beside_a_code_leaves_nobody_logged_in(world: World) -> None:
    for _round in range(ROUNDS):
        name = world.linked_newcomer()
        owner, thief = at_the_button(world, name), world.password_given(name)
        code = world.next_code(name)
        at_once(lambda: press(owner), lambda: thief.submit("/login/code", code=code, remember="y"))  # noqa: B023
        assert is_locked(world, name)
        assert thief.open("/").path == "/login"


def test_a_lock_beside_a_passkey_alone_leaves_nobody_logged_in(world: World) -> None:
    world.group("Finance", required=True, passkey_alone=True)
    for name in (f"alice{number}" for number in range(ROUNDS)):
        device = Authenticator()
        add_passkey(world.at_work(name, groups_=("Finance",)), device)
        with world.data():
            answer = device.answer(passkeys.question_to_anyone(now=world.clock()))
        owner, thief = at_the_button(world, name), world.visitor()
        thief.open("/login")
        at_once(lambda: press(owner), lambda: thief.submit("/login/passkey-alone", credential=answer))  # noqa: B023
        assert is_locked(world, name)
        assert thief.open("/").path == "/login"
        events = world.events(name)
        assert "login.completed" not in events[events.index("person.locked") :]


def test_a_lock_beside_a_new_password_leaves_the_account_locked(world: World) -> None:
    for _round in range(ROUNDS):
        name = world.newcomer()
        with world.data():
            token = one_time_links.create(Purpose.PASSWORD_RESET, world.user(name), now=world.clock())
        owner, thief = at_the_button(world, name), world.visitor()
        thief.open(f"/link/{token}")
        _locked, chosen = at_once(
            lambda: press(owner),  # noqa: B023
            lambda: thief.submit("/password/choose", password=NEW),  # noqa: B023
        )
        assert is_locked(world, name)
        assert (chosen.status == 410) == ("password.changed" not in world.events(name))
        page = thief.give_password(f"{name}@example.com", NEW)
        assert page.status == 400


def test_one_link_in_four_browsers_locks_once(world: World) -> None:
    world.person("alice")
    first = at_the_button(world, "alice")
    browsers = [first, *(first.copy() for _ in range(3))]
    answers = at_once(*[lambda b=browser: press(b) for browser in browsers])
    assert {answer.path for answer in answers} <= {"/locked", "/lock"}
    assert world.events().count("person.locked") == 1


def test_a_lock_beside_its_opening_leaves_what_the_last_event_says(world: World) -> None:
    def lock(name: str) -> None:
        with world.data():
            account_lock.lock_for(world.user(name), actor=TERMINAL, now=world.clock())

    def open_again(name: str) -> None:
        with world.data():
            opening.open_again(
                world.user(name), reason="called", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
            )

    for _round in range(ROUNDS):
        name = world.newcomer()
        lock(name)
        at_once(lambda: lock(name), lambda: open_again(name))  # noqa: B023
        events = [event for event in world.events(name) if event in ("person.locked", "person.opened")]
        assert is_locked(world, name) == (events[-1] == "person.locked")
        assert events in (
            ["person.locked", "person.opened"],
            ["person.locked", "person.opened", "person.locked"],
        )
