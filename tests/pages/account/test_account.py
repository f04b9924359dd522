"""The own page: what one has, where one is logged in, and how to end it; the home page beside it."""

from typing import Any

import pytest

from mfa_app.core.policy import overrides
from mfa_app.models import AuthSession, RememberedDevice
from tests.support.browser import Visitor
from tests.support.stories import alice_just_linked
from tests.support.world import PASSWORD, TERMINAL, World

NEW = "eleven slow trams across the bridge"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has just linked her app."""
    return world.after(alice_just_linked)


def test_the_home_page_says_who_one_is(alice: Visitor) -> None:
    page = alice.open("/")
    assert "Alice" in page.title
    assert "alice@example.com" in page.text


def test_the_account_page_tells_groups_and_why_a_code_is_asked(alice: Visitor) -> None:
    page = alice.open("/account")
    assert "Finance" in page.text
    assert "On since" in page.text
    assert "required by group Finance" in page.text
    assert page.html.find("time", datetime="2026-03-02T09:00:00+00:00")


def test_without_an_app_it_offers_to_link_one(world: World) -> None:
    world.person("bob")
    page = world.password_given("bob").open("/account")
    assert page.html.find("a", href="/enrolment")


def test_by_choice_is_told_as_ones_own_choice(world: World) -> None:
    world.person("bob")
    bob = world.link_and_wait("bob")
    assert "by your own choice" in bob.open("/account").text


def test_a_dormant_link_is_told_and_can_be_kept_in_use(world: World, alice: Visitor) -> None:
    world.require("Finance", False)
    alice.open("/account")
    assert "you aren't asked for it" in alice.page.text
    alice.press("Keep asking me for a code")
    assert "by your own choice" in alice.page.text
    assert "authenticator.kept_by_choice" in world.events("alice")
    assert world.password_given("alice").page.path == "/login/code"


def test_an_exempt_person_is_told_until_when(world: World, alice: Visitor) -> None:
    with world.data():
        until = world.clock.moment.replace(month=6)
        overrides.exempt(
            world.user("alice"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    assert "exempt until" in alice.open("/account").text


def test_an_exempt_person_without_an_app_is_told_until_when(world: World) -> None:
    world.group("Finance", required=True)
    world.person("bob", groups_=("Finance",))
    with world.data():
        until = world.clock.moment.replace(month=6)
        overrides.exempt(
            world.user("bob"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    assert "You're exempt until the end of 2 June 2026" in world.password_given("bob").open("/account").text


@pytest.mark.parametrize(
    ("rule", "after"),
    [
        ({"required": True}, "you must link an authentication app or add a passkey before you can go on."),
        (
            {"required": True, "grace_days": 120},
            "link an authentication app or add a passkey before 30 June 2026.",
        ),
        ({"required": True, "passkey_only": True}, "you need a passkey to log in."),
        ({"required": False}, "your password alone is enough as long as no rule asks for more."),
    ],
)
def test_an_exempt_person_reads_at_home_and_on_the_own_page_what_comes_after(
    world: World, rule: dict[str, Any], after: str
) -> None:
    world.group("Finance", **rule)
    world.person("bob", groups_=("Finance",))
    with world.data():
        until = world.clock.moment.replace(month=6)
        overrides.exempt(
            world.user("bob"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    bob = world.password_given("bob")
    told = (
        "You're exempt until the end of 2 June 2026: until then you log in with your password alone. "
        f"After that, {after}"
    )
    assert bob.page.path == "/" and told in bob.page.text
    assert "Link an app now" in bob.page.text
    assert told in bob.open("/account").text
    world.clock.moment = until
    assert told not in world.password_given("bob").page.text


def test_who_is_not_asked_for_an_app_yet_is_offered_at_home_to_link_one(world: World) -> None:
    world.person("bob")
    offer = "You can link your authentication app now, before you have to."
    bob = world.password_given("bob")
    assert offer in bob.page.text
    assert bob.follow("Link an app").title == "Link your authentication app"
    assert offer not in world.link_and_wait("bob").open("/").text
    world.group("Finance", required=True, grace_days=7)
    world.person("alice", groups_=("Finance",))
    alice = world.password_given("alice").page.text  # is told by when
    assert (offer in alice, "Link an app now" in alice) == (False, True)


def test_an_exempt_person_with_an_app_reads_at_home_that_codes_are_asked_for_again(
    world: World, alice: Visitor
) -> None:
    with world.data():
        until = world.clock.moment.replace(month=6)
        overrides.exempt(
            world.user("alice"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    page = alice.open("/").text
    assert "After that, you're asked for a code or passkey again." in page
    assert "Link an app now" not in page


@pytest.mark.parametrize(
    ("group", "told"), [("Finance", "required by group Finance from"), (None, "required for everyone from")]
)
def test_a_rule_to_come_is_told_beside_ones_own_choice(world: World, group: str | None, told: str) -> None:
    world.group("Finance")
    world.require(group, required_from=world.clock.moment.replace(month=11, day=30))
    world.person("bob", groups_=("Finance",))
    unlinked = world.password_given("bob").open("/account").text
    linked = world.link_and_wait("bob").open("/account").text
    assert "by your own choice" in linked
    for text in (unlinked, linked):
        assert f"{told} 30 November 2026." in text


def test_an_exemption_is_told_beside_ones_own_choice(world: World) -> None:
    world.person("bob")
    bob = world.link_and_wait("bob")
    with world.data():
        until = world.clock.moment.replace(month=6)
        overrides.exempt(
            world.user("bob"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    assert "You're exempt until the end of 2 June 2026" in bob.open("/account").text


def test_a_required_app_cannot_be_removed(world: World, alice: Visitor) -> None:
    alice.open("/account")
    assert "remove the app" not in alice.page.text
    page = alice.post(f"{world.app_page('alice')}/remove", follow=True)
    assert "required for you" in page.text
    assert "authenticator.removed" not in world.events()


def test_bob_removes_the_app_that_he_linked_by_choice(world: World) -> None:
    world.person("bob")
    bob = world.link_and_wait("bob")
    elsewhere = world.log_in_and_wait("bob", remember=True)
    bob.open("/account")
    before = bob.cookie("sid")
    bob.press("Yes, remove the app")
    assert "switched off" in bob.page.text
    assert bob.cookie("sid") != before
    assert elsewhere.open("/").path == "/login"
    assert world.mails("bob")[-1] == "authenticator_removed"
    assert world.password_given("bob").page.path == "/"


def test_the_password_is_changed_with_the_current_one(world: World, alice: Visitor) -> None:
    elsewhere = world.log_in_and_wait("alice", remember=True)
    before = alice.cookie("sid")
    alice.open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    assert alice.page.path == "/account"
    assert alice.cookie("sid") != before
    assert elsewhere.open("/").path == "/login"
    assert world.count(RememberedDevice) == 0
    assert world.mails("alice")[-1] == "password_changed"
    assert world.details("password.changed") == {"way": "own page"}


def test_after_the_change_only_the_new_password_works(world: World, alice: Visitor) -> None:
    alice.open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    eve = world.password_given("alice")
    assert eve.page.status == 400
    eve.press("Log in", email="alice@example.com", password=NEW)
    assert eve.page.path == "/login/code"


def test_a_wrong_current_password_changes_nothing(world: World, alice: Visitor) -> None:
    alice.open("/account/password")
    alice.press("Save password", current="not my password at all", password=NEW)
    assert alice.page.status == 400
    assert "That isn't your current password" in alice.page.text
    assert "password.changed" not in world.events()


def test_without_the_current_password_nothing_is_changed(world: World, alice: Visitor) -> None:
    alice.open("/account/password")
    assert alice.post("/account/password", password=NEW).status == 400
    assert "password.changed" not in world.events()


def test_a_weak_new_password_is_refused_with_a_reason(world: World, alice: Visitor) -> None:
    alice.open("/account/password")
    for weak in ("short", "aaaaaaaaaaaaaaaaaaaa", "passwordpassword", "alice@example.com", "x" * 257):
        page = alice.press("Save password", current=PASSWORD, password=weak)
        assert page.status == 400, weak
        assert page.html.find(id="password-error").get_text(strip=True), weak
    assert "password.changed" not in world.events()


def test_guessing_the_current_password_has_an_end(alice: Visitor) -> None:
    alice.open("/account/password")
    wrong = {"current": "not my password at all", "password": NEW}
    assert [alice.press("Save password", **wrong).status for _ in range(6)] == [400] * 5 + [429]
    assert alice.page.response.headers["Retry-After"] == "5"


def test_devices_and_sessions_are_listed_with_browser_and_place(world: World, alice: Visitor) -> None:
    edge = world.visitor(address="203.0.113.9", browser=EDGE)
    world.log_in_and_wait("alice", edge, remember=True)
    text = alice.open("/account").text
    assert text.count("Edge on Windows") >= 2
    assert text.count("203.0.113.9") == 2
    assert "You are here" in text


def test_alice_forgets_one_device(world: World, alice: Visitor) -> None:
    other = world.log_in_and_wait("alice", remember=True)
    other.press("Log out")
    alice.open("/account")
    row = alice.page.html.find("form", action=lambda value: value and value.endswith("/forget"))
    alice.post(row["action"], follow=True)
    assert "Device removed" in alice.page.text
    assert world.count(RememberedDevice) == 0
    assert world.password_given("alice", other).page.path == "/login/code"


def test_alice_forgets_all_devices(world: World, alice: Visitor) -> None:
    for _ in range(2):
        world.log_in_and_wait("alice", remember=True)
    alice.open("/account")
    alice.press("Yes, remove all devices")
    assert world.count(RememberedDevice) == 0
    assert world.details("devices.forgotten")["count"] == 2


def test_alice_ends_one_other_session(world: World, alice: Visitor) -> None:
    other = world.log_in_and_wait("alice")
    alice.open("/account")
    ending = alice.page.html.find(
        "form", action=lambda value: value and value.endswith("/end") and "sessions/" in value
    )
    alice.post(ending["action"], follow=True)
    assert other.open("/").path == "/login"
    assert alice.open("/").path == "/"


def test_alice_logs_out_everywhere(world: World, alice: Visitor) -> None:
    other = world.log_in_and_wait("alice", remember=True)
    alice.open("/account")
    alice.press("Yes, log out everywhere")
    assert alice.page.path == "/login"
    assert other.open("/").path == "/login"
    assert world.count(AuthSession) == 0
    assert world.count(RememberedDevice) == 0


def test_what_is_bobs_is_not_there_for_alice(world: World, alice: Visitor) -> None:
    world.linked_earlier("bob", groups_=("Finance",))
    world.log_in_and_wait("bob", remember=True)
    bobs = world.id_of("bob")
    with world.data():
        session = AuthSession.query.filter_by(user_id=bobs).one().id
        device = RememberedDevice.query.filter_by(user_id=bobs).one().id
    alice.open("/account")
    assert alice.post(f"/account/sessions/{session}/end").status == 404
    assert alice.post(f"/account/devices/{device}/forget").status == 404
    assert world.count(RememberedDevice) == 1


def test_fields_that_the_form_does_not_have_change_nothing(world: World, alice: Visitor) -> None:
    alice.open("/account/password")
    alice.post(
        "/account/password",
        current=PASSWORD,
        password=NEW,
        role="admin",
        is_admin="1",
        user_id="1",
        email="x@y.zz",
    )
    with world.data():
        assert world.user("alice").role == "staff"


def test_names_are_shown_as_text(world: World) -> None:
    world.person("eve")
    world.rename("eve", "<script>alert(1)</script>")
    eve = world.visitor(browser="<img src=x onerror=alert(1)>")
    world.password_given("eve", eve)
    page = eve.open("/account")
    assert "<script>alert(1)</script>" in page.text
    assert not page.html.find("img", src="x")


def test_a_person_tries_only_so_many_new_passwords_in_an_hour(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    alice.open("/account/password")
    for _ in range(20):
        assert alice.press("Save password", current=PASSWORD, password="x" * 20).status == 400
    page = alice.press("Save password", current=PASSWORD, password=NEW)
    assert page.status == 429
    assert page.response.headers["Retry-After"] == "3600"
    world.clock.advance(hours=1)
    world.password_given("alice", alice).open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    assert "Password changed" in alice.page.text
