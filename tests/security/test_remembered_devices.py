"""E. Remembered devices: eve has a cookie that spares the code, or would like to have one."""

import hashlib
from collections.abc import Callable

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import select

from mfa_app.core.passwords import change
from mfa_app.extensions import db
from mfa_app.models import RememberedDevice
from tests.support.browser import Visitor
from tests.support.devices import asked, device_cookies
from tests.support.stories import alice_remembered
from tests.support.world import PASSWORD, TERMINAL, World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, logged out, in a browser that is remembered for her."""
    return world.after(alice_remembered)


def copy_of(world: World, visitor: Visitor, *, browser: str = "Firefox") -> Visitor:
    """Return another browser into which eve has copied the device cookie."""
    thief = world.visitor(address="203.0.113.66", browser=browser)
    for name, value in device_cookies(visitor).items():
        thief.client.set_cookie(name, value)
    return thief


def test_a_copied_cookie_alone_opens_nothing(world: World, alice: Visitor) -> None:
    """Attack 44: not a page, and not with a wrong password."""
    thief = copy_of(world, alice)
    assert thief.open("/").path == "/login"
    thief.press("Log in", email="alice@example.com", password="not the one of alice at all")
    assert thief.open("/").path == "/login"


def test_a_copied_cookie_shows_on_alices_page_and_ends_with_a_click(world: World, alice: Visitor) -> None:
    """Attack 45: with the password it works by design; alice sees its last use and forgets it."""
    thief = copy_of(world, alice)
    world.clock.advance(hours=1)
    assert not asked(world, thief)
    at_home = world.log_in_and_wait("alice")
    world.clock.advance(minutes=5)
    assert "Last used 2 Mar 2026, 10:01 UTC" in at_home.open("/account").text
    path = at_home.page.html.find("form", action=lambda value: value and "/devices/" in value)["action"]
    at_home.post(path)
    assert asked(world, thief)


def test_a_session_on_a_stolen_device_ends_the_moment_alice_forgets_it(world: World, alice: Visitor) -> None:
    """Attack 45: not only the next login."""
    thief = world.password_given("alice", copy_of(world, alice))
    assert thief.page.path == "/"
    at_home = world.log_in_and_wait("alice")
    at_home.open("/account")
    at_home.post("/account/devices/forget")
    assert thief.open("/").path == "/login/code"


@pytest.mark.parametrize("path", ["/account/password", "/enrolment"])
def test_a_stolen_device_with_the_password_changes_nothing(world: World, alice: Visitor, path: str) -> None:
    """Attack 44: security settings ask for a code, and posting past the question leads there too."""
    thief = world.password_given("alice", copy_of(world, alice))
    assert thief.open(path).path == "/login/again"
    thief.open("/")
    new = "quiet harbour under a green dawn"
    assert thief.post(path, follow=True, current=PASSWORD, password=new, code="1").path == "/login/again"
    assert "password.changed" not in world.events("alice")
    assert thief.post("/login/again", password=PASSWORD).status == 400


def test_the_name_of_the_cookie_is_not_what_is_believed(world: World, alice: Visitor) -> None:
    """Attack 40: alice's device under bob's name, and bob's under alice's."""
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.log_in_and_wait("bob", remember=True)
    bob.press("Log out")
    ((alices, hers),) = device_cookies(alice).items()
    ((bobs, his),) = device_cookies(bob).items()
    for name, value, owner in ((alices, his, "alice"), (bobs, hers, "bob")):
        eve = world.visitor()
        eve.client.set_cookie(name, value)
        assert asked(world, eve, owner)


def test_the_secret_of_one_device_opens_no_other_row(world: World, alice: Visitor) -> None:
    """Attack 42: eve knows the key of cookies, the ids of rows, and one secret."""
    serializer = site_serializer(world, "device")
    ((name, value),) = device_cookies(alice).items()
    _id, secret = serializer.loads(value)
    other = world.log_in_and_wait("alice", remember=True)
    with world.data():
        ids = list(db.session.scalars(select(RememberedDevice.id).where(RememberedDevice.id != _id)))
        digests = list(db.session.scalars(select(RememberedDevice.digest)))
    assert other.page.path == "/"
    for forged in [[ids[0], secret], [ids[0], ""], [ids[0], digests[0]], [ids[0], digests[1]], ["", secret]]:
        eve = world.visitor()
        eve.client.set_cookie(name, serializer.dumps(forged))
        assert asked(world, eve)


def site_serializer(world: World, purpose: str, key: str | None = None) -> URLSafeSerializer:
    return URLSafeSerializer(
        key or world.app.secret_key,
        salt=f"second-gate-{purpose}-v1",
        signer_kwargs={"digest_method": hashlib.sha256},
    )


SHAPES = (None, [], ["x"], ["x", "y", "z"], [1, 2], {"a": "b"}, "x", [["x"], ["y"]], 7)


def test_a_well_signed_cookie_of_any_shape_does_no_harm(world: World, alice: Visitor) -> None:
    """Attack 56: the signature is right, the contents are not."""
    ((name, _value),) = device_cookies(alice).items()
    for shape in SHAPES:
        eve = world.visitor()
        for purpose, cookie in (("device", name), ("known-browser", "known")):
            eve.client.set_cookie(cookie, site_serializer(world, purpose).dumps(shape))
        assert asked(world, eve), shape


def test_one_kind_of_cookie_is_never_taken_for_another(world: World, alice: Visitor) -> None:
    """Requirement 59: what is signed for one purpose counts for no other."""
    ((name, device),) = device_cookies(alice).items()
    known, (_, held) = alice.cookie("known"), site_serializer(world, "device").loads_unsafe(device)
    for cookie, value in (
        (name, known),
        (name, site_serializer(world, "known-browser").dumps(held)),
        ("sid", device),
        ("sid", known),
        ("form", device),
        ("known", device),
    ):
        eve = world.visitor()
        eve.client.set_cookie(cookie, value)
        assert eve.open("/").path == "/login"
        assert asked(world, eve)


def test_a_cookie_signed_with_a_key_of_ones_own_is_none(world: World, alice: Visitor) -> None:
    """Attacks 46 and 56."""
    ((name, value),) = device_cookies(alice).items()
    held = site_serializer(world, "device").loads(value)
    for key in ("", "dev", "secret", "x" * 64):
        eve = world.visitor()
        eve.client.set_cookie(name, site_serializer(world, "device", key or "-").dumps(held))
        assert asked(world, eve)


@pytest.mark.parametrize("days", [30, 400])
def test_a_cookie_whose_age_eve_has_edited_is_as_old_as_its_row(
    world: World, alice: Visitor, days: int
) -> None:
    """Attack 43: Max-Age is only the browser's; using it in between lengthens nothing."""
    thief = copy_of(world, alice)
    world.clock.advance(days=29)
    assert not asked(world, thief)
    world.clock.advance(days=days - 29)
    assert asked(world, thief)


def test_a_browser_that_was_known_before_the_password_changed_is_not_remembered(
    world: World, alice: Visitor
) -> None:
    """Attack 42: `known` spares waiting, never the code."""
    with world.data():
        change.set_from_terminal(world.user("alice"), PASSWORD, actor=TERMINAL, now=world.clock())
    assert alice.cookie("known")
    assert asked(world, alice)


def two_years_back(world: World) -> None:
    world.clock.advance(days=-730)


def one_day_back(world: World) -> None:
    world.clock.advance(days=-1)


@pytest.mark.parametrize("change", [one_day_back, two_years_back])
def test_a_clock_set_back_makes_no_device_younger(
    world: World, alice: Visitor, change: Callable[[World], None]
) -> None:
    """Attacks 43 and 92."""
    change(world)
    assert asked(world, alice)
