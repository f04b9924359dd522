"""J. Races and clocks: eve is fast, or waits until somebody else changes something; clocks go wrong."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from mfa_app.core.groups import groups
from mfa_app.core.passwords import change, hashing
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Authenticator, Role, User
from tests.support.browser import Visitor
from tests.support.changes import change_role, disable, reset
from tests.support.served_site import at_once
from tests.support.stories import alice_at_the_code_page, alice_with_an_old_hash
from tests.support.world import PASSWORD, TERMINAL, World

NEW = "quiet harbour under a green dawn"
ROUNDS = 2


def new_password(world: World, name: str) -> None:
    change.set_from_terminal(world.user(name), NEW, actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize("change", [new_password, disable, change_role])
def test_a_code_beside_a_change_leaves_nobody_in(world: World, change: Callable[[World, str], None]) -> None:
    """Attacks 86 and 88: whatever comes first, the session of before does not outlive the change."""
    for _round in range(ROUNDS):
        name = world.linked_newcomer()
        eve, code = world.password_given(name), world.next_code(name)

        def act(name: str = name) -> None:
            with world.data():
                change(world, name)

        at_once(lambda: eve.submit("/login/code", code=code, remember="y"), act)  # noqa: B023
        assert eve.open("/").path == "/login"
        assert world.methods(name) == []
        assert eve.give_password(f"{name}@example.com", PASSWORD).path != "/"


def test_the_old_password_beside_a_new_one_leaves_nobody_in(world: World) -> None:
    """Attack 86: eve logs in with the old password in the moment in which alice resets it."""
    for _round in range(ROUNDS):
        name = world.newcomer()
        browsers = [world.visitor() for _ in range(3)]
        for browser in browsers:
            browser.open("/login")

        def act(name: str = name) -> None:
            with world.data():
                new_password(world, name)

        posts = [
            lambda b=b, name=name: b.submit("/login", email=f"{name}@example.com", password=PASSWORD)
            for b in browsers
        ]
        at_once(*posts, act)
        assert {browser.open("/").path for browser in browsers} == {"/login"}


@pytest.mark.inside
def test_an_old_hash_that_is_renewed_never_brings_an_old_password_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 86: while eve's login renews the hash of the old password, alice's reset is saved."""
    alice_with_an_old_hash(world)
    monkeypatch.setattr(hashing, "verify", slowly(world))
    eve = world.password_given("alice")
    monkeypatch.undo()
    assert eve.open("/").path == "/login"
    with world.data():
        assert hashing.verify(world.user("alice").password_hash, NEW)


def slowly(world: World) -> Callable[[str | None, str], bool]:
    """Return a check of a password during which somebody else saves a new one."""
    verify = hashing.verify

    def check(stored: str | None, typed: str) -> bool:
        fits = verify(stored, typed)
        with world.data():
            new_password(world, "alice")
        return fits

    return check


def test_switching_the_rule_back_and_forth_lets_nobody_in_without_a_code(world: World) -> None:
    """Attack 87: the group is off and on again while eve asks and asks with the password alone."""
    group = world.finance()
    name = world.newcomer(groups_=(group,))
    world.link_and_wait(name).submit("/logout")
    browsers = [world.password_given(name) for _ in range(3)]

    def toggle() -> None:
        for required in (False, True, False, True):
            with world.data():
                values = RuleValues(required=required)
                rules.set_rule(groups.find(group), values, actor=TERMINAL, now=world.clock())

    def ask_and_ask(browser: Visitor) -> None:
        for path in ("/", "/login/code") * 5:  # each may lead to the other, as the rule stands at that moment
            browser.open(path, follow=False)

    at_once(toggle, *[lambda b=b: ask_and_ask(b) for b in browsers])
    assert {browser.open("/").path for browser in browsers} == {"/login/code"}
    assert set(world.methods(name)) == {"pwd"}


def test_enabling_while_the_rule_goes_off_links_wholly_or_not_at_all(world: World) -> None:
    """Attack 87, during linking: nobody is stranded, whatever comes first."""
    for _round in range(ROUNDS):
        group = world.finance()
        name = world.newcomer(groups_=(group,))
        alice = world.password_given(name)
        code = world.phone_that_scans(alice.page).code()

        def off(group: str = group) -> None:
            world.require(group, False)

        at_once(lambda: alice.submit("/enrolment", code=code), off)  # noqa: B023
        assert alice.open("/").path == "/"


def test_twenty_presses_of_remember_leave_one_session_and_at_most_one_device(world: World) -> None:
    """Attack 84: one browser, one code, twenty times at once."""
    name = world.linked_newcomer()
    alice = world.password_given(name)
    code = world.next_code(name)
    answers = at_once(*[lambda: alice.submit("/login/code", code=code, remember="y")] * 20)
    assert {answer.status for answer in answers} <= {200, 400, 429}
    assert world.methods(name).count("pwd otp") == 1
    assert world.events(name).count("device.trusted") == 1


def test_logging_out_everywhere_beside_a_login_ends_what_was_there(world: World) -> None:
    """Attack 86: no session of before outlives it, however many confirm at that moment."""
    name = world.newcomer()
    alice, thief = world.password_given(name), world.password_given(name)
    alice.open("/account")
    thief.open("/")
    at_once(lambda: alice.submit("/account/sessions/end"), lambda: [thief.open("/account") for _ in range(3)])
    assert {browser.open("/").path for browser in (alice, thief)} == {"/login"}


def test_the_last_administrators_cannot_close_each_other_at_once(world: World) -> None:
    """Attack 86: two who remove the last but one at the same time would leave none."""
    names = [world.newcomer("carol", role=Role.ADMIN) for _ in range(2)]

    def close(name: str) -> Callable[[], object]:
        def act() -> object:
            try:
                with world.data():
                    return disable(world, name)
            except Exception as refusal:
                return refusal

        return act

    at_once(*[close(name) for name in names])
    with world.data():
        assert sum(world.user(name).is_active for name in names) >= 1


@pytest.fixture
def eve(world: World) -> Visitor:
    """Eve at the code page of alice, whose password she knows."""
    return world.after(alice_at_the_code_page)


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=1)])
def test_a_clock_that_jumps_between_the_gates_lets_nobody_through(
    world: World, eve: Visitor, jump: timedelta
) -> None:
    """Attack 92: eve's ten minutes are over, and a code of before the jump is none of after it."""
    code = world.phones["alice"].code()
    world.clock.moment += jump
    assert eve.press("Log in", code=code).path == "/login"
    world.password_given("alice", eve)
    assert eve.press("Log in", code=code).status == 400


def test_after_a_clock_that_was_a_day_ahead_alice_gets_in_again(world: World, eve: Visitor) -> None:
    """Attack 92: with the clock a day ahead nobody's phone fits, so nothing of tomorrow is burned."""
    world.clock.advance(days=1)
    wrong = world.phones["alice"].code(steps=-2880)
    ahead = world.password_given("alice")
    assert ahead.press("Log in", code=wrong).status == 400
    world.clock.advance(days=-1)
    alice = world.password_given("alice")
    assert alice.press("Log in", code=world.phones["alice"].code()).path == "/"


def test_a_clock_corrected_after_a_login_of_tomorrow_is_cured_by_the_help_desk(
    world: World, eve: Visitor
) -> None:
    """Attack 92: phone and site were both ahead; the burned step blocks, and a reset gets alice back in."""
    world.clock.advance(days=1)
    world.log_in_and_wait("alice")
    world.clock.advance(days=-1)
    alice = world.password_given("alice")
    assert alice.press("Log in", code=world.phones["alice"].code()).status == 400
    with world.data():
        reset(world, "alice")
    world.clock.advance(seconds=30)
    assert world.link_and_wait("alice", alice).open("/").path == "/"


def test_a_phone_at_the_edge_of_a_step_works(world: World, eve: Visitor) -> None:
    """Attack 93: clocks that are 25 and 35 seconds off, at the first and last second of a step."""
    for off_by, second, works in (
        (25, 0, True),
        (-25, 29, True),
        (35, 0, True),
        (-35, 29, True),
        (61, 0, False),
    ):
        world.clock.advance(minutes=10, seconds=second)
        phone = world.phones["alice"]
        phone.off_by = off_by
        visitor = world.password_given("alice")
        assert (visitor.press("Log in", code=phone.code()).path == "/") == works, off_by
        phone.off_by = 0
        world.clock.advance(seconds=-second)


def test_a_person_is_linked_or_not_and_never_half(world: World, eve: Visitor) -> None:
    """Attack 86: an app without a working secret would shut alice out for good."""
    world.person("bob", groups_=("Finance",))
    bob = world.password_given("bob")
    code = world.phone_that_scans(bob.page).code()
    assert bob.press("Enable", code=code).path == "/account/recovery-codes"
    with world.data():
        assert {row.factors_locked_at for row in User.query} == {None}
        assert all(row.last_step > 0 and row.sealed_secret.startswith("v1:") for row in Authenticator.query)
