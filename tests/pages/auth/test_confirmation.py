"""Pages of one's own security ask for a fresh code (without an app: the password) every twenty minutes."""

from unittest import mock

import pytest

from mfa_app.core.common.errors import HashingQueueFull
from mfa_app.core.passwords import hashing
from mfa_app.models import Throttle
from tests.support.browser import Visitor
from tests.support.password_slots import no_free_slot
from tests.support.stories import bob_linked_twenty_minutes_ago
from tests.support.world import PASSWORD, World


@pytest.fixture
def bob(world: World) -> Visitor:
    """Bob, who linked an app by choice twenty minutes ago."""
    return world.after(bob_linked_twenty_minutes_ago)


@pytest.mark.parametrize("path", ["/account/password", "/enrolment"])
def test_after_twenty_minutes_a_fresh_code_is_asked(bob: Visitor, world: World, path: str) -> None:
    assert bob.open("/").path == "/"
    assert bob.open(path).path == "/login/again"
    bob.press("Confirm", code=world.phones["bob"].code())
    assert bob.page.path == path


def test_within_twenty_minutes_of_the_code_nothing_is_asked(world: World) -> None:
    world.person("alice")
    alice = world.link_and_wait("alice")
    world.clock.advance(minutes=19)
    assert alice.open("/account/password").path == "/account/password"


def test_confirming_brings_a_new_token(bob: Visitor, world: World) -> None:
    before = bob.cookie("sid")
    bob.open("/account/password")
    bob.press("Confirm", code=world.phones["bob"].code())
    assert bob.cookie("sid") != before
    assert world.details("code.accepted") == {"purpose": "confirmation", "factor": "code"}


def test_a_code_that_confirmed_is_used_up(bob: Visitor, world: World) -> None:
    code = world.phones["bob"].code()
    bob.open("/account/password")
    bob.press("Confirm", code=code)
    eve = world.password_given("bob")
    assert "already been used" in eve.press("Log in", code=code).text


def test_wrong_codes_count_together_with_those_of_the_login(bob: Visitor, world: World) -> None:
    wrong = world.phones["bob"].wrong_code()
    bob.open("/account/password")
    assert [bob.press("Confirm", code=wrong).status for _ in range(5)] == [400] * 5
    eve = world.password_given("bob")
    assert eve.press("Log in", code=wrong).status == 429


def test_whoever_confirms_is_told_of_wrong_codes_before(bob: Visitor, world: World) -> None:
    bob.open("/account/password")
    for _ in range(3):
        bob.press("Confirm", code=world.phones["bob"].wrong_code())
    bob.press("Confirm", code=world.phones["bob"].code())
    assert bob.page.path == "/account/password"
    assert "3 wrong codes were entered for your account" in bob.page.text


def test_without_an_app_the_password_is_asked(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    world.clock.advance(minutes=20)
    assert alice.open("/account/password").path == "/login/again"
    assert alice.page.html.find(attrs={"name": "code"}) is None
    assert alice.press("Confirm", password="not my password at all").status == 400
    alice.press("Confirm", password=PASSWORD)
    assert alice.page.path == "/account/password"


def test_a_password_that_nobody_could_look_at_counts_for_nothing(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    world.clock.advance(minutes=20)
    alice.open("/account/password")
    with no_free_slot():
        assert alice.press("Confirm", password=PASSWORD).status == 503
    assert world.count(Throttle, Throttle.failures > 0) == 0


def test_the_right_password_counts_for_nothing_where_the_new_one_could_not_be_hashed(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    alice.open("/account/password")
    with mock.patch.object(hashing, "hash_password", side_effect=HashingQueueFull):
        page = alice.press("Save password", current=PASSWORD, password="eleven slow trams on the bridge")
    assert page.status == 503
    assert world.count(Throttle, Throttle.failures > 0) == 0


def test_the_password_confirms_nothing_where_there_is_an_app(bob: Visitor) -> None:
    bob.open("/account/password")
    assert bob.post("/login/again", password=PASSWORD).status == 400
    assert bob.open("/account/password").path == "/login/again"


def test_a_form_sent_too_late_leads_back_to_its_page(bob: Visitor, world: World) -> None:
    bob.open("/account/password")
    bob.press("Confirm", code=world.phones["bob"].code())
    bob.open("/account/password")
    world.clock.advance(minutes=21)
    bob.press("Save password", current=PASSWORD, password="eleven slow trams across the bridge")
    assert bob.page.path == "/login/again"
    bob.press("Confirm", code=world.phones["bob"].code())
    assert bob.page.path == "/account/password"
    assert "password.changed" not in world.events()


def test_a_clock_set_back_makes_no_confirmation_fresh(world: World) -> None:
    world.person("alice")
    alice = world.link_and_wait("alice")
    world.clock.advance(minutes=30)
    alice.open("/")
    world.clock.advance(seconds=-50)
    assert alice.open("/account/password").path == "/login/again"


def test_the_own_page_is_read_without_a_fresh_code_and_changes_nothing_without_one(
    bob: Visitor, world: World
) -> None:
    assert bob.open("/account").path == "/account"
    assert bob.press("Yes, remove the app").path == "/login/again"
    assert "authenticator.removed" not in world.events()


def test_whoever_is_asked_for_a_fresh_code_can_log_out_instead(bob: Visitor) -> None:
    bob.open("/account/password")
    assert bob.press("Log out").path == "/login"
    assert bob.open("/").path == "/login"


def test_home_asks_for_nothing_fresh(bob: Visitor) -> None:
    assert bob.open("/").path == "/"
