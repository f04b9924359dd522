"""Several apps: any of them opens the second gate, and each is named, moved and removed by its owner."""

import pytest
from sqlalchemy import update

from mfa_app.core.throttling import counters, limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.phone import Phone
from tests.support.stories import alice_just_linked
from tests.support.world import World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has just linked her app."""
    return world.after(alice_just_linked)


def alice_with_a_tablet(world: World) -> Visitor:
    """Return her browser after she has linked a second app, called "Tablet", on the phone of that name."""
    alice = alice_just_linked(world)
    world.phones["tablet"] = world.link_another(alice, "Tablet")
    return alice


@pytest.fixture
def two_apps(world: World) -> Visitor:
    """Alice of Finance, who has linked a second app besides."""
    return world.after(alice_with_a_tablet)


def answer(world: World, phone: Phone) -> Page:
    """Log in as alice with the code that this phone shows now."""
    return world.password_given("alice").press("Log in", code=phone.code())


@both_databases
def test_a_code_of_any_app_opens_the_second_gate(world: World, two_apps: Visitor) -> None:
    assert answer(world, world.phones["alice"]).path == "/"
    assert answer(world, world.phones["tablet"]).path == "/"


def test_a_code_works_once_whichever_app_shows_it(world: World, two_apps: Visitor) -> None:
    second = world.phones["tablet"]
    assert answer(world, second).path == "/"
    assert "already been used" in answer(world, second).text


def test_from_the_second_app_on_a_name_is_asked_for(world: World, alice: Visitor) -> None:
    page = alice.open("/enrolment")
    assert page.html.find("input", attrs={"name": "name"})
    code = world.phone_that_scans(page).code()
    page = alice.press("Enable", code=code, name="")
    assert (page.status, "tell your apps apart" in page.text) == (400, True)
    assert world.count(Authenticator) == 1


def test_two_apps_cannot_have_one_name(world: World, two_apps: Visitor) -> None:
    code = world.phone_that_scans(two_apps.open("/enrolment")).code()
    page = two_apps.press("Enable", name=" TABLET ", code=code)
    assert "already have an app with this name" in page.text
    assert page.value("name") == "TABLET"
    assert world.count(Authenticator) == 2


def test_five_apps_are_the_most(world: World, two_apps: Visitor) -> None:
    for name in ("Laptop", "Safe", "KeePassXC"):
        world.link_another(two_apps, name)
    assert "Link another app" not in two_apps.open("/account").text
    page = two_apps.open("/enrolment")
    assert (page.path, "You have 5 apps" in page.text) == ("/account", True)


def test_another_app_ends_all_other_access_and_says_so(world: World, alice: Visitor) -> None:
    elsewhere = world.log_in_and_wait("alice", remember=True)
    world.link_another(alice, "Tablet")
    assert "your remembered devices are removed" in alice.page.text
    assert elsewhere.open("/").path == "/login"
    assert world.password_given("alice", elsewhere).page.path == "/login/code"
    assert "An authentication app, “Tablet”" in world.words_of_last_mail()


def test_an_app_gets_another_name(world: World, alice: Visitor) -> None:
    alice.open(f"{world.app_page('alice')}/name")
    page = alice.press("Save name", name="iPhone of Alice")
    assert (page.path, "iPhone of Alice" in page.text) == ("/account", True)
    assert world.details("authenticator.renamed") == {"app": "iPhone of Alice", "before": None}


def test_the_last_app_stays_under_a_rule_and_any_other_can_go(world: World, two_apps: Visitor) -> None:
    alice, second = two_apps, world.phones["tablet"]
    page = alice.post(f"{world.app_page('alice')}/remove", follow=True)
    assert "its codes no longer work" in page.text
    assert answer(world, world.phones["alice"]).status == 400
    assert answer(world, second).path == "/"
    assert "remove the app" not in alice.open("/account").text
    page = alice.post(f"{world.app_page('alice')}/remove", follow=True)
    assert "you can't remove your only app" in page.text
    assert world.count(Authenticator) == 1


def test_the_email_about_a_removed_app_says_what_stays(world: World, two_apps: Visitor) -> None:
    two_apps.post(f"{world.app_page('alice', 1)}/remove", follow=True)
    assert world.details("authenticator.removed") == {"app": "Tablet"}
    text = world.words_of_last_mail()
    assert "“Tablet”" in text
    assert "Your other apps and passkeys stay" in text


def test_a_new_phone_takes_the_place_of_the_old_one_and_the_others_stay(
    world: World, two_apps: Visitor
) -> None:
    second = world.phones["tablet"]
    new = world.phone_that_scans(two_apps.open(world.replacement_page("alice")))
    page = two_apps.press("Enable", name="Pixel", code=new.code())
    assert "Delete the entry for Second Gate (127.0.0.1) in the app on the old one" in page.text
    assert "taken the place of one that was linked" in world.words_of_last_mail()
    world.clock.advance(seconds=30)
    assert answer(world, world.phones["alice"]).status == 400
    assert answer(world, new).path == "/"
    assert answer(world, second).path == "/"


def test_the_app_of_somebody_else_is_none_of_ones_own(world: World, alice: Visitor) -> None:
    world.linked_earlier("bob")
    for address in (f"{world.app_page('bob')}/name", world.replacement_page("bob")):
        page = alice.open(address)
        assert (page.status, "not linked to your account any more" in page.text) == (409, True)
    alice.open("/account")
    assert alice.post(f"{world.app_page('bob')}/remove", follow=True).path == "/account"
    assert world.count(Authenticator) == 2


def test_wrong_codes_lock_all_apps_and_a_reset_removes_them_all(world: World, two_apps: Visitor) -> None:
    second = world.phones["tablet"]
    with world.data():
        for _ in range(47):
            counters.charge(limits.CODE, world.user("alice").id, now=world.clock())
            world.clock.advance(hours=1)
    visitor = world.password_given("alice")
    for phone in (world.phones["alice"], second, second):
        assert visitor.current.path == "/login/code"
        assert "stays locked" not in visitor.current.text
        visitor.post("/login/code", code=phone.wrong_code())
        world.clock.advance(hours=1)
        visitor = world.password_given("alice")
    assert "stays locked until the help desk resets" in visitor.page.text
    assert "codes and passkeys are no longer accepted" in visitor.page.text
    world.reset("alice")
    assert world.count(Authenticator) == 0
    assert world.password_given("alice").page.path == "/enrolment"


def test_an_app_that_no_key_opens_does_not_stand_in_the_way_of_another(
    world: World, two_apps: Visitor
) -> None:
    with world.data():
        first = update(Authenticator).where(Authenticator.name.is_(None))
        db.session.execute(first.values(sealed_secret="v1:gone:AAAA"))
        db.session.commit()
    assert answer(world, world.phones["tablet"]).path == "/"


def test_the_help_desk_sees_the_names_of_the_apps(world: World, alice: Visitor) -> None:
    world.link_another(alice, "KeePassXC at work")
    world.linked_earlier("dave")
    dave = world.log_in_and_wait("dave")
    page = dave.open(f"/admin/people/{world.id_of('alice')}")
    unnamed, named = [item.get_text(" ", strip=True) for item in page.html.select(".items li")]
    assert unnamed.startswith("Authentication app Linked on")
    assert named.startswith("KeePassXC at work Authentication app, linked on")
