"""How a session ends: by the button, on the server, and by the clock, whichever way it is set."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import AuthSession
from tests.support.browser import Visitor
from tests.support.stories import alice_logged_in
from tests.support.world import PASSWORD, TERMINAL, World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice, who is logged in."""
    return world.after(alice_logged_in)


def with_token(world: World, token: str) -> Visitor:
    """Return another browser that holds a copy of a token."""
    thief = world.visitor()
    thief.client.set_cookie("sid", token)
    return thief


def test_logging_out_ends_the_session_on_the_server(world: World, alice: Visitor) -> None:
    token = alice.cookie("sid")
    assert with_token(world, token).open("/").path == "/"
    alice.press("Log out")
    assert alice.page.path == "/login"
    assert alice.cookie("sid") is None
    assert with_token(world, token).open("/").path == "/login"
    assert world.count(AuthSession) == 0
    assert world.events("alice")[-1] == "login.ended"


def test_nobody_is_logged_out_by_a_link(alice: Visitor) -> None:
    assert alice.open("/logout").status == 405
    assert alice.open("/").path == "/"


def test_logging_out_takes_the_token_of_the_page(alice: Visitor) -> None:
    assert alice.open("/logout", method="POST").status == 400
    assert alice.open("/").path == "/"


def test_after_an_hour_without_use_the_session_is_over(world: World, alice: Visitor) -> None:
    world.clock.advance(minutes=59)
    assert alice.open("/").path == "/"
    world.clock.advance(minutes=59)
    assert alice.open("/").path == "/"
    world.clock.advance(minutes=60)
    alice.open("/")
    assert alice.page.path == "/login"
    assert "session has ended" in alice.page.text


def test_after_twelve_hours_it_is_over_however_much_it_is_used(world: World, alice: Visitor) -> None:
    for _ in range(12):
        world.clock.advance(minutes=59)
        assert alice.open("/").path == "/"
    world.clock.advance(minutes=12)
    assert alice.open("/").path == "/login"


def test_a_fresh_code_does_not_lengthen_the_twelve_hours(world: World) -> None:
    world.person("bob")
    bob = world.link_and_wait("bob")
    for _ in range(12):
        world.clock.advance(minutes=59)
        bob.open("/account/password")
        bob.press("Confirm", code=world.phones["bob"].code())
        assert bob.page.path == "/account/password"
    world.clock.advance(minutes=12)
    assert bob.open("/").path == "/login"


@pytest.mark.parametrize("back", [timedelta(minutes=2), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_set_back_keeps_no_session_alive(world: World, alice: Visitor, back: timedelta) -> None:
    world.clock.moment -= back
    assert alice.open("/").path == "/login"


def test_a_clock_set_back_makes_no_old_code_good(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("bob", groups_=("Finance",))
    world.clock.advance(hours=1)
    code = world.phones["bob"].code()
    world.log_in_and_wait("bob")
    world.clock.advance(minutes=-1)
    bob = world.password_given("bob")
    assert "already been used" in bob.press("Log in", code=code).text
    world.clock.advance(hours=-1)
    bob = world.password_given("bob")
    assert bob.press("Log in", code=world.phones["bob"].code()).status == 400


def test_a_disabled_person_is_out_at_the_next_click(world: World, alice: Visitor) -> None:
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    assert alice.open("/").path == "/login"
    with world.data():
        accounts.enable(world.user("alice"), actor=TERMINAL, now=world.clock())
    assert alice.open("/").path == "/login"
    assert world.password_given("alice").page.path == "/"


def test_a_row_with_an_old_stamp_opens_nothing(world: World, alice: Visitor) -> None:
    with world.data():
        db.session.execute(update(AuthSession).values(security_stamp=AuthSession.security_stamp - 1))
    assert alice.open("/").path == "/login"


def test_a_made_up_token_is_nobody(world: World, alice: Visitor) -> None:
    for token in ("", "x", "A" * 43, "' OR 1=1 --", "\u00e9", "%00", "A" * 3000):
        assert with_token(world, token).open("/").path == "/login", token


def test_flask_logins_own_cookie_is_never_set_and_never_believed(world: World, alice: Visitor) -> None:
    assert alice.cookie("remember_token") is None
    eve = world.visitor()
    user_id = world.id_of("alice")
    for forged in (f"{user_id}|{'0' * 128}", str(user_id), "x"):
        eve.client.set_cookie("remember_token", forged)
        assert eve.open("/").path == "/login"


def test_an_authorization_header_opens_nothing(world: World, alice: Visitor) -> None:
    eve = world.visitor()
    eve.headers["Authorization"] = f"Bearer {alice.cookie('sid')}"
    assert eve.open("/").path == "/login"
    assert eve.client.get("/", auth=("alice@example.com", PASSWORD)).status_code == 302


def test_after_logging_out_the_back_button_shows_nothing(alice: Visitor) -> None:
    assert alice.open("/").response.headers["Cache-Control"] == "no-store"
